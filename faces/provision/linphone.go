package provision

import (
	"bytes"
	"fmt"
	"strconv"
)

// Linphone writes remote provisioning: sections and entries of its configuration
// (lpconfig.xsd of liblinphone; “Remote Provisioning” in its documentation). It
// is for an app that is set up by a code which works once: the address is not
// asked again (transient_provisioning), and the first account of the app is
// replaced. Linphone sends what is typed as it is, # as %23, when it is told to;
// it needs no digit map.
func Linphone(a Account) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\" " +
		"xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"http://www.linphone.org/xsds/lpconfig.xsd lpconfig.xsd\">\n")
	section := func(name string, entries ...string) {
		fmt.Fprintf(&b, "  <section name=\"%s\">\n", name)
		for i := 0; i+1 < len(entries); i += 2 {
			fmt.Fprintf(&b, "    <entry name=\"%s\" overwrite=\"true\">%s</entry>\n", entries[i], escaped(entries[i+1]))
		}
		b.WriteString("  </section>\n")
	}
	host, _ := hostOf(a.Domain)
	section("misc", "transient_provisioning", "1")
	section("sip", "default_proxy", "0", "verify_server_certs", "1", "verify_server_cn", "1",
		"media_encryption", map[string]string{SoundPlain: "none", SoundMay: "srtp", SoundMust: "srtp", SoundDTLS: "dtls"}[a.Sound], "media_encryption_mandatory", digit(a.Sound == SoundMust || a.Sound == SoundDTLS))
	section("proxy_0",
		"reg_proxy", "<sip:"+a.address()+";transport="+a.Transport+">",
		"reg_route", a.route(),
		"reg_identity", quoted(a.Name)+" <sip:"+a.User+"@"+a.Domain+">",
		"reg_expires", strconv.Itoa(registers), "reg_sendregister", "1", "publish", "0",
		"dial_escape_plus", "0", "avpf", "0")
	auth := []string{"username", a.User, "userid", a.AuthUser, "domain", host}
	if a.Password != "" {
		auth = append(auth, "passwd", a.Password)
	}
	section("auth_info_0", auth...)
	b.WriteString("</config>\n")
	return b.Bytes()
}

// route is the way out of a domain that does not say itself where it is.
func (a Account) route() string {
	if a.Domain == a.address() {
		return ""
	}
	return "<sip:" + a.address() + ";transport=" + a.Transport + ";lr>"
}
