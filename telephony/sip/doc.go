// Package sip is Callisto's SIP core: messages, transports, transactions,
// dialogs and digest authentication. It knows no business.
//
// It follows RFC 3261 (SIP) with the corrections of RFC 6026 (2xx handling),
// RFC 3262 (reliable provisional responses), RFC 3263 (locating servers),
// RFC 3311 (UPDATE), RFC 3581 (rport), RFC 4028 (session timers), RFC 5626
// (keep-alives, flows and +sip.instance, in part), RFC 5954 (IPv6 in the
// ABNF), RFC 7616 and RFC 8760 (digest with SHA-256), and is held against the
// torture messages of RFC 4475 and RFC 5118.
//
// # Shape
//
// A [Core] has shards. A [Shard] owns its transactions, dialogs and timers and
// is driven by exactly one thread through a few functions that take the time
// and an event and never block: [Shard.Packet], [Shard.Post]ed functions and
// [Shard.Tick]. Three drivers call them: Linux (epoll, recvmmsg, sendmmsg),
// portable (net.UDPConn) and the simulator (virtual time, seeded loss and
// reorder). There is no goroutine, context or runtime timer per message or
// transaction.
//
// Received bytes live only until the call that delivered them returns; whoever
// keeps some copies them.
package sip
