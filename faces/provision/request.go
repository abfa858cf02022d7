package provision

import (
	"net"
	"regexp"
	"strings"

	"github.com/callisto-tel/callisto/business/setup"
)

// hostOf is the host of a domain that may have a port.
func hostOf(domain string) (host, port string) {
	h, p, err := net.SplitHostPort(domain)
	if err != nil {
		return domain, ""
	}
	return h, p
}

// Phone reads what a telephone says of itself:
//
//	Yealink SIP-T46S 66.86.0.15 00:15:65:ab:cd:ef
//	Grandstream Model HW GXP2170 V1.6A SW 1.0.11.48 DevId 000b82abcdef
//	Mozilla/4.0 (compatible; snomD785-SIP 10.1.64.14 2010.12-00004-g9ba52f5 000413ABCDEF SXM:0 UXM:0 UXMC:0)
//	Linphone-Desktop/5.2.6 (Debian) LinphoneSDK/5.3.72
func Phone(agent string) (kind setup.Kind, mac string) {
	low := strings.ToLower(agent)
	switch {
	case strings.HasPrefix(low, "yealink"):
		kind = setup.Yealink
	case strings.HasPrefix(low, "grandstream"):
		kind = setup.Grandstream
	case strings.HasPrefix(low, "snom"), strings.HasPrefix(low, "mozilla/4.0 (compatible; snom"):
		kind = setup.Snom
	case strings.Contains(low, "linphone"):
		return setup.Linphone, ""
	default:
		return "", ""
	}
	found := regexp.MustCompile(`\b(?:[0-9a-f]{12}|[0-9a-f]{2}(?::[0-9a-f]{2}){5})\b`).FindString(low)
	return kind, setup.CleanMAC(found)
}

// File reads the name of a file that a telephone asks for; false if it is none of
// ours: telephones ask for several, and go on to the next.
func File(name string) (setup.Want, bool) {
	low := strings.ToLower(name)
	for _, x := range []struct {
		kind   setup.Kind
		name   string
		common bool
	}{
		{setup.Linphone, `linphone\.xml`, false},
		{setup.Yealink, `y[0-9]{12}\.cfg`, true},
		{setup.Yealink, `([0-9a-f]{12})\.cfg`, false},
		{setup.Grandstream, `cfg([0-9a-f]{12})\.xml`, false},
		{setup.Snom, `snom[a-z0-9]*-?([0-9a-f]{12})\.(?:xml|htm)`, false},
	} {
		if m := regexp.MustCompile(`^(?:` + x.name + `)$`).FindStringSubmatch(low); m != nil {
			w := setup.Want{Kind: x.kind, Common: x.common}
			if len(m) > 1 {
				w.MAC = m[1]
			}
			return w, true
		}
	}
	return setup.Want{}, false
}

// Write writes the file that is wanted, and says what it is.
func Write(w setup.Want, a Account) (file []byte, contentType string) {
	switch {
	case w.Kind == setup.Linphone:
		return Linphone(a), "application/xml; charset=utf-8"
	case w.Kind == setup.Yealink && w.Common:
		return YealinkCommon(a), "text/plain; charset=utf-8"
	case w.Kind == setup.Yealink:
		return Yealink(a), "text/plain; charset=utf-8"
	case w.Kind == setup.Grandstream:
		return Grandstream(w.MAC, a), "application/xml; charset=utf-8"
	default:
		return Snom(a), "application/xml; charset=utf-8"
	}
}
