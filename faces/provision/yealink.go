package provision

import (
	"strconv"
	"strings"
)

// Yealink's settings are those of its “Administrator's Guide for SIP-T2/T3/T4/T5
// Series IP Phones”, V84 to V86 (Auto Provisioning; Account Settings; Dial Plan
// Defined By Digit Map; Key As Send). A file begins with the line #!version:1.0.0.1,
// and each line is NAME = VALUE: a value that held a line break could set anything.

// YealinkCommon is y000000000000.cfg: what all accounts share. It holds nothing
// secret.
func YealinkCommon(a Account) []byte {
	c := clockOf(a.Zone, a.Now)
	list := []string{
		"#!version:1.0.0.1",
		// # and * are digits of numbers and send nothing; in requests # is %23.
		yealink("features.key_as_send", "0"),
		yealink("features.pound_key.mode", "0"), // its name up to V80
		yealink("sip.use_23_as_pound", "1"),
		// “[x*#+].T” matches whatever is typed, T seconds after the last key.
		yealink("dialplan.digitmap.enable", "1"),
		yealink("dialplan.digitmap.string", strings.Join(append(timed(a.Codes), "[x*#+].T"), "|")),
		yealink("dialplan.digitmap.interdigit_short_timer", strings.Repeat(strconv.Itoa(waitCode)+"|", len(a.Codes))+strconv.Itoa(waitDigit)),
		yealink("dialplan.digitmap.interdigit_long_timer", strconv.Itoa(2*waitDigit)),
		yealink("dialplan.digitmap.no_match_action", "2"), // wait on, never cut
		yealink("dialplan.digitmap.active.on_hook_dialing", "0"),
		yealink("phone_setting.inter_digit_time", strconv.Itoa(waitDigit)),
		yealink("local_time.time_zone", c.hours()),
	}
	if c.save == 0 {
		list = append(list, yealink("local_time.summer_time", "0"))
	} else {
		day := func(t turn) string {
			return strconv.Itoa(int(t.month)) + "/" + strconv.Itoa(t.week) + "/" + strconv.Itoa(iso(t.weekday)) + "/" + strconv.Itoa(t.hour)
		}
		list = append(list, yealink("local_time.summer_time", "1"), yealink("local_time.dst_time_type", "1"),
			yealink("local_time.start_time", day(c.begins)), yealink("local_time.end_time", day(c.ends)),
			yealink("local_time.offset_time", strconv.Itoa(int(c.save.Minutes()))))
	}
	if l := yealinkLanguage(a.language()); l != "" {
		list = append(list, yealink("lang.gui", l), yealink("lang.wui", l))
	}
	if a.Root != "" {
		list = append(list, yealink("static.trusted_certificates.url", a.Root))
	}
	return []byte(lines(list))
}

func timed(codes []string) (out []string) {
	for _, c := range codes {
		out = append(out, c+"T")
	}
	return out
}

// Yealink is MAC.cfg: the account.
func Yealink(a Account) []byte {
	host, _ := hostOf(a.Domain)
	list := []string{
		"#!version:1.0.0.1",
		yealink("account.1.enable", "1"),
		yealink("account.1.label", a.Label),
		yealink("account.1.display_name", a.Name),
		yealink("account.1.user_name", a.User),
		yealink("account.1.auth_name", a.AuthUser),
	}
	if a.Password != "" {
		list = append(list, yealink("account.1.password", a.Password))
	}
	transport := map[string]string{UDP: "0", TCP: "1", TLS: "2"}[a.Transport]
	list = append(list,
		yealink("account.1.sip_server.1.address", host),
		yealink("account.1.sip_server.1.port", strconv.Itoa(int(a.Port))),
		yealink("account.1.sip_server.1.transport_type", transport),
		yealink("account.1.sip_server.1.expires", strconv.Itoa(registers)),
	)
	if host != a.Host {
		list = append(list, yealink("account.1.outbound_proxy_enable", "1"), yealink("account.1.outbound_proxy.1.address", a.Host),
			yealink("account.1.outbound_proxy.1.port", strconv.Itoa(int(a.Port))))
	} else {
		list = append(list, yealink("account.1.outbound_proxy_enable", "0"))
	}
	list = append(list,
		yealink("account.1.srtp_encryption", map[string]string{SoundPlain: "0", SoundMay: "1", SoundMust: "2", SoundDTLS: "2"}[a.Sound]),
		yealink("account.1.subscribe_mwi", digit(a.Waiting)),
		yealink("account.1.nat.udp_update_enable", "1"), // keeps the way through a router open
		yealink("voice_mail.number.1", a.VoiceMail),
	)
	return []byte(lines(list))
}

// yealink writes a line. %NULL% and %EMPTY% take a setting away, and must not
// come from what somebody calls himself.
func yealink(name, value string) string {
	value = clean(value)
	if strings.HasPrefix(value, "%") {
		value = strings.TrimSpace(strings.Trim(value, "%"))
	}
	if value == "" {
		value = "%EMPTY%"
	}
	return name + " = " + value
}

func yealinkLanguage(l string) string {
	return map[string]string{"en": "English", "fr": "French", "de": "German", "es": "Spanish", "zh": "Chinese_S", "ko": "Korean", "ja": "Japanese", "ar": "Arabic"}[l]
}
