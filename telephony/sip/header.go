package sip

// HeaderID names the header fields that this package or its users look at.
type HeaderID uint8

// The known header fields; HOther is every other one.
const (
	HOther HeaderID = iota
	HVia
	HFrom
	HTo
	HCallID
	HCSeq
	HMaxForwards
	HContact
	HRoute
	HRecordRoute
	HContentType
	HContentLength
	HContentEncoding
	HContentDisposition
	HAuthorization
	HProxyAuthorization
	HWWWAuthenticate
	HProxyAuthenticate
	HExpires
	HMinExpires
	HRequire
	HProxyRequire
	HSupported
	HUnsupported
	HAllow
	HAccept
	HUserAgent
	HServer
	HRAck
	HRSeq
	HSessionExpires
	HMinSE
	HReason
	HRetryAfter
	HPAssertedIdentity
	HPrivacy
	HDate
	HSubject
	HEvent
	HReferTo
	HReferredBy
	HReplaces
	HPath
	HWarning
	HCallistoCall
	headerCount
)

// headerName is the canonical name of each known header field.
var headerName = [headerCount]string{ //nolint:gochecknoglobals // constant table
	HVia: "Via", HFrom: "From", HTo: "To", HCallID: "Call-ID", HCSeq: "CSeq", HMaxForwards: "Max-Forwards",
	HContact: "Contact", HRoute: "Route", HRecordRoute: "Record-Route", HContentType: "Content-Type",
	HContentLength: "Content-Length", HContentEncoding: "Content-Encoding", HContentDisposition: "Content-Disposition",
	HAuthorization: "Authorization", HProxyAuthorization: "Proxy-Authorization", HWWWAuthenticate: "WWW-Authenticate",
	HProxyAuthenticate: "Proxy-Authenticate", HExpires: "Expires", HMinExpires: "Min-Expires", HRequire: "Require",
	HProxyRequire: "Proxy-Require", HSupported: "Supported", HUnsupported: "Unsupported", HAllow: "Allow", HAccept: "Accept",
	HUserAgent: "User-Agent", HServer: "Server", HRAck: "RAck", HRSeq: "RSeq", HSessionExpires: "Session-Expires",
	HMinSE: "Min-SE", HReason: "Reason", HRetryAfter: "Retry-After", HPAssertedIdentity: "P-Asserted-Identity",
	HPrivacy: "Privacy", HDate: "Date", HSubject: "Subject", HEvent: "Event", HReferTo: "Refer-To",
	HReferredBy: "Referred-By", HReplaces: "Replaces", HPath: "Path", HWarning: "Warning", HCallistoCall: "X-Callisto-Call",
}

// String returns the canonical name of the header field.
func (h HeaderID) String() string { return headerName[h] }

// singleton holds the fields that may stand only once in a message
// (RFC 3261 §7.3.1: no comma-separated list in their grammar).
const singleton = 1<<HFrom | 1<<HTo | 1<<HCallID | 1<<HCSeq | 1<<HMaxForwards | 1<<HContentType |
	1<<HContentLength | 1<<HExpires | 1<<HMinExpires | 1<<HDate | 1<<HSubject | 1<<HEvent | 1<<HReferTo |
	1<<HReplaces | 1<<HRAck | 1<<HRSeq | 1<<HSessionExpires | 1<<HMinSE

// compact is the one-letter form of RFC 3261 §7.3.3 and its extensions.
func compact(c byte) HeaderID {
	switch c | 0x20 {
	case 'v':
		return HVia
	case 'f':
		return HFrom
	case 't':
		return HTo
	case 'i':
		return HCallID
	case 'm':
		return HContact
	case 'c':
		return HContentType
	case 'l':
		return HContentLength
	case 'e':
		return HContentEncoding
	case 'k':
		return HSupported
	case 's':
		return HSubject
	case 'o':
		return HEvent
	case 'r':
		return HReferTo
	case 'b':
		return HReferredBy
	case 'x':
		return HSessionExpires
	}
	return HOther
}

// headerByLength lists the known fields by the length of their name, so that a
// name is compared with a few candidates only.
var headerByLength = func() (t [20][]HeaderID) { //nolint:gochecknoglobals // constant table
	for id := HVia; id < headerCount; id++ {
		t[len(headerName[id])] = append(t[len(headerName[id])], id)
	}
	return t
}()

func headerID(name []byte) HeaderID {
	if len(name) == 1 {
		return compact(name[0])
	}
	if len(name) >= len(headerByLength) {
		return HOther
	}
	for _, id := range headerByLength[len(name)] {
		if headerName[id][0]|0x20 == name[0]|0x20 && equalFold(name, headerName[id]) {
			return id
		}
	}
	return HOther
}

// Method is a request method. MethodOther is one we do not know.
type Method uint8

// The methods this core acts on.
const (
	MethodOther Method = iota
	INVITE
	ACK
	BYE
	CANCEL
	REGISTER
	OPTIONS
	PRACK
	UPDATE
	INFO
	REFER
	NOTIFY
	SUBSCRIBE
	MESSAGE
	PUBLISH
	methodCount
)

var methodName = [methodCount]string{ //nolint:gochecknoglobals // constant table
	"", "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY",
	"SUBSCRIBE", "MESSAGE", "PUBLISH",
}

// String returns the method's name, "" for MethodOther.
func (m Method) String() string { return methodName[m] }

// methodOf compares case-sensitively (RFC 3261 §7.1).
func methodOf(b []byte) Method {
	for m := INVITE; m < methodCount; m++ {
		if methodName[m] == string(b) {
			return m
		}
	}
	return MethodOther
}

// Character classes of the ABNF.
const (
	classToken = 1 << iota
	classUser  // user part of a URI, without escapes
	classHost
	classParam // URI parameter, without escapes
	classWS
	classDigit
	classHex
	classPhrase // Reason-Phrase, of ASCII and without escapes
)

var class = func() (t [256]uint8) { //nolint:gochecknoglobals // constant table
	set := func(chars string, c uint8) {
		for i := range len(chars) {
			t[chars[i]] |= c
		}
	}
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	const mark = "-_.!~*'()"
	set(alnum, classToken|classUser|classHost|classParam|classPhrase)
	set("-.!%*_+`'~", classToken)
	set(mark+"&=+$,;?/", classUser)
	set("-._", classHost) // "_" is not in the grammar but in many names
	set(mark+"[]/:&+$", classParam)
	set(mark+";/?:@&=+$, \t", classPhrase)
	set(" \t", classWS)
	set("0123456789", classDigit)
	set("0123456789abcdefABCDEF", classHex)
	return t
}()

func all(b []byte, c uint8) bool {
	for _, x := range b {
		if class[x]&c == 0 {
			return false
		}
	}
	return true
}

// allEscaped is all, with %HH allowed as well.
func allEscaped(b []byte, c uint8) bool {
	for i := 0; i < len(b); i++ {
		if class[b[i]]&c != 0 && b[i] != '%' {
			continue
		}
		if b[i] != '%' || i+2 >= len(b) || class[b[i+1]]&classHex == 0 || class[b[i+2]]&classHex == 0 {
			return false
		}
		i += 2
	}
	return true
}

// equalFold compares in ASCII without regard to case.
func equalFold[T string | []byte](b []byte, s T) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range len(b) {
		x, y := b[i], s[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}

func trim(b []byte) []byte {
	for len(b) > 0 && class[b[0]]&classWS != 0 {
		b = b[1:]
	}
	for len(b) > 0 && class[b[len(b)-1]]&classWS != 0 {
		b = b[:len(b)-1]
	}
	return b
}

// number reads an unsigned decimal of at most max.
func number(b []byte, maximum uint64) (uint64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
		if n > maximum {
			return 0, false
		}
	}
	return n, true
}
