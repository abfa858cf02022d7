package sip

import (
	"bytes"
	"net/netip"
)

// Scheme is the scheme of a URI.
type Scheme uint8

// The schemes; a URI of SchemeOther keeps only its raw text.
const (
	SchemeOther Scheme = iota
	SchemeSIP
	SchemeSIPS
	SchemeTEL
	SchemeURN
)

// URI is a parsed URI (RFC 3261 §19.1, RFC 3966 for tel). Its slices point
// into the text it was parsed from.
type URI struct {
	Scheme   Scheme
	Raw      []byte // the whole text
	User     []byte // still escaped; for tel and urn everything up to the parameters
	Password []byte
	Host     []byte // without the brackets of an IPv6 address
	Port     uint16 // 0: none given
	IPv6     bool
	Params   []byte // after the first ';', without it
	Headers  []byte // after '?', without it
}

// ParseURI parses an absolute URI as it stands between angle brackets or in
// the start line. It reports whether the URI is well-formed; one with an
// unknown scheme is, if it has the form scheme ":" rest.
func ParseURI(b []byte) (u URI, ok bool) {
	u.Raw = b
	colon := bytes.IndexByte(b, ':')
	if colon <= 0 {
		return u, false
	}
	rest := b[colon+1:]
	switch scheme := b[:colon]; {
	case equalFold(scheme, "sip"):
		u.Scheme = SchemeSIP
	case equalFold(scheme, "sips"):
		u.Scheme = SchemeSIPS
	case equalFold(scheme, "tel"):
		u.Scheme = SchemeTEL
	case equalFold(scheme, "urn"):
		u.Scheme = SchemeURN
	default:
		return u, all(scheme, classToken) && noSpace(rest)
	}
	if u.Scheme == SchemeTEL || u.Scheme == SchemeURN {
		u.User, u.Params, _ = bytes.Cut(rest, []byte{';'})
		return u, len(u.User) > 0 && noSpace(rest)
	}
	return u, u.parseSIP(rest)
}

func (u *URI) parseSIP(rest []byte) bool {
	// The user part may hold ';' and '?', the host never an '@': the last '@'
	// before the host ends the user part.
	if at := bytes.IndexByte(rest, '@'); at >= 0 {
		user := rest[:at]
		rest = rest[at+1:]
		if c := bytes.IndexByte(user, ':'); c >= 0 {
			user, u.Password = user[:c], user[c+1:]
			if !allEscaped(u.Password, classUser) {
				return false
			}
		}
		if len(user) == 0 || !userChars(user) {
			return false
		}
		u.User = user
	}
	n := bytes.IndexByte(rest, '?')
	if n >= 0 {
		u.Headers = rest[n+1:]
		rest = rest[:n]
		if !noSpace(u.Headers) {
			return false
		}
	}
	if n = bytes.IndexByte(rest, ';'); n >= 0 {
		u.Params = rest[n+1:]
		rest = rest[:n]
		if !uriParams(u.Params) {
			return false
		}
	}
	var ok bool
	u.Host, u.Port, u.IPv6, ok = hostPort(rest)
	return ok
}

// userChars allows '#' too: RFC 3261 wants it escaped, but phones send it bare,
// and world numbers of companies contain it.
func userChars(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if c := b[i]; c == '#' || class[c]&classUser != 0 {
			continue
		}
		if b[i] != '%' || i+2 >= len(b) || class[b[i+1]]&classHex == 0 || class[b[i+2]]&classHex == 0 {
			return false
		}
		i += 2
	}
	return true
}

func uriParams(b []byte) bool {
	for _, c := range b {
		if class[c]&classParam == 0 && c != ';' && c != '=' && c != '%' && class[c]&classToken == 0 {
			return false
		}
	}
	return true
}

func noSpace(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' {
			return false
		}
	}
	return true
}

// hostPort splits and checks host [":" port]. An IPv6 address needs its
// brackets (RFC 5118 §4.2: without them the port is ambiguous).
func hostPort(b []byte) (host []byte, port uint16, v6, ok bool) {
	var rest []byte
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			return nil, 0, false, false
		}
		host, rest, v6 = b[1:end], b[end+1:], true
		if !ipv6Reference(host) {
			return nil, 0, false, false
		}
	} else {
		n := bytes.IndexByte(b, ':')
		if n < 0 {
			n = len(b)
		}
		host, rest = b[:n], b[n:]
		if len(host) == 0 || !all(host, classHost) {
			return nil, 0, false, false
		}
	}
	if len(rest) == 0 {
		return host, 0, v6, true
	}
	p, good := number(rest[1:], 65535)
	if rest[0] != ':' || !good {
		return nil, 0, false, false
	}
	return host, uint16(p), v6, true
}

// ipv6Reference accepts what netip does, and the form with three colons that
// the faulty ABNF of RFC 3261 produced (RFC 5118 §4.10 asks to be liberal).
func ipv6Reference(b []byte) bool {
	if len(b) > 64 {
		return false
	}
	_, ok := parseIP(b)
	return ok
}

func parseIP(b []byte) (netip.Addr, bool) {
	if i := bytes.Index(b, []byte(":::")); i >= 0 && len(b) < 64 {
		var fixed [64]byte
		n := copy(fixed[:], b[:i+2])
		n += copy(fixed[n:], b[i+3:])
		b = fixed[:n]
	}
	if a, ok := parseIPv4(b); ok {
		return a, true
	}
	if bytes.IndexByte(b, ':') < 0 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(string(b))
	return a, err == nil && a.Zone() == ""
}

// parseIPv4 is netip.ParseAddr without the string.
func parseIPv4(b []byte) (netip.Addr, bool) {
	var ip [4]byte
	part, digits, v := 0, 0, 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9' && digits < 3:
			v = v*10 + int(c-'0')
			digits++
		case c == '.' && digits > 0 && part < 3 && v < 256:
			ip[part] = byte(v)
			part++
			digits, v = 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	if part != 3 || digits == 0 || v > 255 {
		return netip.Addr{}, false
	}
	ip[3] = byte(v)
	return netip.AddrFrom4(ip), true
}

// Param returns the value of a URI parameter and whether it is there.
func (u *URI) Param(name string) ([]byte, bool) { return Param(u.Params, name) }

// Addr returns the host as an address, if it is one.
func (u *URI) Addr() (netip.Addr, bool) { return parseIP(u.Host) }

// Param finds a parameter by name (RFC 3261 §7.3.1) in text of the form
// name[=value]*(;name[=value]). A quoted value is returned without quotes.
func Param(params []byte, name string) (value []byte, ok bool) {
	for len(params) > 0 {
		var p []byte
		p, params = cutParam(params)
		k, v, _ := cutByte(p, '=')
		if equalFold(trim(k), name) {
			return unquote(trim(v)), true
		}
	}
	return nil, false
}

// cutParam cuts at the first ';' outside quotes.
func cutParam(b []byte) (p, rest []byte) {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch {
		case quoted && b[i] == '\\':
			i++
		case b[i] == '"':
			quoted = !quoted
		case b[i] == ';' && !quoted:
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

func cutByte(b []byte, c byte) (before, after []byte, found bool) {
	if i := bytes.IndexByte(b, c); i >= 0 {
		return b[:i], b[i+1:], true
	}
	return b, nil, false
}

func unquote(b []byte) []byte {
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		return b[1 : len(b)-1]
	}
	return b
}

// Unescape decodes %HH once into dst and returns it.
func Unescape(dst, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) && class[b[i+1]]&classHex != 0 && class[b[i+2]]&classHex != 0 {
			dst = append(dst, unhex(b[i+1])<<4|unhex(b[i+2]))
			i += 2
			continue
		}
		dst = append(dst, b[i])
	}
	return dst
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
