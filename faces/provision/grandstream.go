package provision

import (
	"bytes"
	"fmt"
	"strconv"
)

// Grandstream writes cfgMAC.xml. The P-values are those of Grandstream's
// configuration templates for GXP16xx, GXP21xx and GRP26xx, the frame that of its
// “SIP Device Provisioning Guide”; the dial plan's grammar is in the
// “GXP21xx/GRP261x Administration Guide” (Dial Plan): x is a digit, x+ one or
// more, | or, and what goes on with + waits for P85.
func Grandstream(mac string, a Account) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gs_provision version=\"1\">\n")
	fmt.Fprintf(&b, "  <mac>%s</mac>\n  <config version=\"1\">\n", escaped(mac))
	p := func(n int, value string) { fmt.Fprintf(&b, "    <P%d>%s</P%d>\n", n, escaped(value), n) }
	p(271, "1")           // Account Active
	p(270, a.Label)       // Account Name
	p(47, a.Domain)       // SIP Server
	p(48, a.proxyIf())    // Outbound Proxy
	p(35, a.User)         // SIP User ID
	p(36, a.AuthUser)     // Authenticate ID
	if a.Password != "" { //
		p(34, a.Password) // Authenticate Password
	}
	p(3, a.Name)                                                                                       // Name: whom others see
	p(130, map[string]string{UDP: "0", TCP: "1", TLS: "2"}[a.Transport])                               // SIP Transport
	p(31, "1")                                                                                         // SIP Registration
	p(32, strconv.Itoa(registers/60))                                                                  // Register Expiration, minutes
	p(52, "2")                                                                                         // NAT Traversal: Keep-Alive
	p(183, map[string]string{SoundPlain: "0", SoundMay: "1", SoundMust: "2", SoundDTLS: "2"}[a.Sound]) // SRTP Mode: Disabled, Enabled but not forced, Enabled and forced
	p(99, digit(a.Waiting))                                                                            // SUBSCRIBE for MWI
	p(33, a.VoiceMail)                                                                                 // Voice Mail Access Number
	p(57, "0")                                                                                         // Preferred Vocoder 1: PCMU
	p(58, "8")                                                                                         // 2: PCMA
	p(72, "0")                                                                                         // Use # as Dial Key: No
	p(85, strconv.Itoa(waitDigit))                                                                     // No Key Entry Timeout, seconds
	p(290, grandstreamPlan())                                                                          // Dial Plan
	if l := map[string]string{"zh": "zh", "ko": "ko", "ja": "ja", "ar": "ar", "de": "de", "fr": "fr", "es": "es", "en": "en"}[a.language()]; l != "" {
		p(1362, l) // Display Language
	}
	p(64, "customize")                     // Time Zone: Self-Defined
	p(246, clockOf(a.Zone, a.Now).posix()) // Self-Defined Time Zone
	b.WriteString("  </config>\n</gs_provision>\n")
	return b.Bytes()
}

// grandstreamPlan takes numbers with and without +, with # or * between the root
// and the calling code, and codes that begin with * or #, before a number or alone.
func grandstreamPlan() string {
	return "{ x+ | \\+x+ | x+*x+ | x+#x+ | *x+ | *xx*x+ | *x+#x+ | *xx\\+x+ | #x+ | #xx#x+ | #xx#\\+x+ | *xx#x+ }"
}

// proxyIf is the outbound proxy, where the domain does not say where it is.
func (a Account) proxyIf() string {
	if a.Domain == a.address() {
		return ""
	}
	return a.address()
}
