package provision

import (
	"bytes"
	"fmt"
	"strconv"
)

// Snom writes the XML of settings that Snom's Service Hub describes (Mass
// Deployment, “XML Setting Files”); the settings are in its “Phone Settings
// Reference” for firmware 10. perm="R" keeps a setting from being changed at the
// telephone, which is wanted of what makes it ours; "RW" leaves it to its holder.
// idx is the identity.
func Snom(a Account) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<settings>\n  <phone-settings>\n")
	set := func(name, value string) { fmt.Fprintf(&b, "    <%s perm=\"RW\">%s</%s>\n", name, escaped(value), name) }
	own := func(name, value string) {
		fmt.Fprintf(&b, "    <%s idx=\"1\" perm=\"RW\">%s</%s>\n", name, escaped(value), name)
	}
	own("user_active", "on")
	own("user_realname", a.Name)
	own("user_idle_text", a.Label)
	own("user_name", a.User)
	own("user_pname", a.AuthUser)
	if a.Password != "" {
		own("user_pass", a.Password)
	}
	own("user_host", a.Domain)
	own("user_outbound", a.address()+";transport="+a.Transport)
	own("user_expiry", strconv.Itoa(registers))
	own("user_mailbox", a.VoiceMail)
	own("user_srtp", onOff(a.Sound != SoundPlain))
	own("user_savp", map[string]string{SoundPlain: "off", SoundMay: "optional", SoundMust: "mandatory", SoundDTLS: "mandatory"}[a.Sound])
	own("user_symmetrical_rtp", "on")
	own("keepalive_interval", "20")
	own("user_subscription_expiry", strconv.Itoa(registers))
	// An empty dial plan: what is typed is sent whole, # too, after the time of
	// auto_dial or the tick key. A plan such as |([^#]*)#| would send at #.
	own("user_dp_str", "")
	set("auto_dial", strconv.Itoa(waitDigit))
	set("overlap_dialing", "off")
	set("guess_number", "off")
	set("mwi_notification", map[bool]string{true: "beep", false: "silent"}[a.Waiting])
	c := clockOf(a.Zone, a.Now)
	set("timezone", "")
	set("utc_offset", strconv.Itoa(int(c.offset.Seconds())))
	set("dst", c.snom())
	if l := map[string]string{"en": "English", "de": "Deutsch", "fr": "Francais", "es": "Espanol"}[a.language()]; l != "" {
		set("language", l)
		set("web_language", l)
	}
	b.WriteString("  </phone-settings>\n")
	if a.Root != "" {
		fmt.Fprintf(&b, "  <certificates>\n    <certificate url=\"%s\"/>\n  </certificates>\n", escaped(a.Root))
	}
	b.WriteString("</settings>\n")
	return b.Bytes()
}

// snom is the setting dst: seconds, begin and end as MM.WW.DD hh:mm:ss, Monday
// being 01.
func (c clock) snom() string {
	if c.save == 0 {
		return ""
	}
	day := func(t turn) string {
		return fmt.Sprintf("%02d.%02d.%02d %02d:00:00", t.month, t.week, iso(t.weekday), t.hour)
	}
	return strconv.Itoa(int(c.save.Seconds())) + " " + day(c.begins) + " " + day(c.ends)
}
