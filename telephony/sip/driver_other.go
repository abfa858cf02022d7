//go:build !linux

package sip

func (c *Core) newDriver(s *Shard) (driver, error) { return newPortable(c, s), nil }

// ownDescriptors: the portable driver uses the sockets as they are.
const ownDescriptors = false
