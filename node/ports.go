package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/callisto-tel/callisto/platform/config"
)

// Where `dev` listens beside --http and --sip, if that is free; else at the next
// free port. Where --sip has port 0, these are any that are free too.
const (
	devZonePort = 8053 // ENUM
	devTLSAfter = 10   // SIP over TLS: that many after the port of SIP
)

// devTLS is where telephones of a center of dev register over TLS: with the house's
// own authority, whose certificate lies in the folder.
func devTLS(sip netip.AddrPort) netip.AddrPort {
	if sip.Port() == 0 || sip.Port() > 65000 {
		return netip.AddrPortFrom(sip.Addr(), 0)
	}
	return netip.AddrPortFrom(sip.Addr(), sip.Port()+devTLSAfter)
}

// notOpened says of an address that could not be listened on which port it was,
// who has it, and what to set instead; of anything else it says what it was.
func (n *Node) notOpened(key string, err error) error {
	op, is := errors.AsType[*net.OpError](err)
	if !is || op.Addr == nil {
		return err
	}
	at, perr := netip.ParseAddrPort(op.Addr.String())
	if perr != nil {
		return err
	}
	network := strings.ToUpper(strings.TrimRight(op.Net, "46"))
	set := "--" + key + " HOST:PORT"
	if !n.cfg.Dev {
		set = key + " in the configuration"
		if i := slices.IndexFunc(config.Settings(), func(s config.Setting) bool { return s.Key == key && s.Env != "" }); i >= 0 {
			set += ", or " + config.Settings()[i].Env
		}
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		who := listenerAt(op.Net, at)
		if who == "" {
			who = "another program"
		}
		return fmt.Errorf("%s: port %d (%s at %s) is taken by %s. Stop that, or choose another port with %s; 0 takes a free one", key, at.Port(), network, at.Addr(), who, set)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s: %s is no address of this machine. Choose one of its own with %s", key, at.Addr(), set)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s: port %d (%s at %s) is not for this user: ports below 1024 need root or CAP_NET_BIND_SERVICE. Choose another port with %s", key, at.Port(), network, at.Addr(), set)
	}
	return fmt.Errorf("%s: cannot listen on %s: %w", key, at, errors.Unwrap(op))
}

// sipKey is the setting that a socket of telephony has its port by.
func (n *Node) sipKey(err error) string {
	op, is := errors.AsType[*net.OpError](err)
	if !is || op.Addr == nil {
		return "sip"
	}
	has := func(addr string) bool {
		_, port, err := net.SplitHostPort(addr)
		_, mine, merr := net.SplitHostPort(op.Addr.String())
		return err == nil && merr == nil && port == mine
	}
	for _, c := range n.cfg.Centers {
		if has(c.SIP) {
			return "centers: " + c.ID + ": sip"
		}
	}
	switch port, _ := n.cfg.SoundPort(); {
	case has(n.cfg.SIPTLS):
		return "sip_tls"
	case port != 0 && has(fmt.Sprintf(":%d", port)):
		return "web_port"
	}
	return "sip"
}

// listenerAt is the program that has a port, as far as Linux tells: "" if it does not.
func listenerAt(network string, at netip.AddrPort) string {
	for _, file := range []string{network, strings.TrimRight(network, "46"), strings.TrimRight(network, "46") + "6"} {
		table, err := os.ReadFile("/proc/net/" + file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(table)) {
			// sl, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode
			f := strings.Fields(line)
			if len(f) < 10 || strings.HasPrefix(file, "tcp") && f[3] != "0A" { // listening
				continue
			}
			has, ok := procAddr(f[1])
			if !ok || has.Port() != at.Port() || has.Addr() != at.Addr() && !has.Addr().IsUnspecified() && !at.Addr().IsUnspecified() {
				continue
			}
			if who := owner(f[9]); who != "" {
				return who
			}
		}
	}
	return ""
}

// procAddr reads an address of /proc/net: each 32 bits of it in the machine's order,
// which is little-endian wherever this runs.
func procAddr(text string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	p, perr := hex.DecodeString(port)
	if err != nil || perr != nil || len(raw)%4 != 0 || len(p) != 2 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	addr, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(p[0])<<8|uint16(p[1])), ok
}

// owner is the program that a socket is open in.
func owner(inode string) string {
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*") // of other users there are none
	for _, file := range files {
		if to, err := os.Readlink(file); err != nil || to != "socket:["+inode+"]" {
			continue
		}
		process := filepath.Dir(filepath.Dir(file))
		name, err := os.ReadFile(process + "/comm")
		if err != nil {
			return ""
		}
		return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), filepath.Base(process))
	}
	return ""
}
