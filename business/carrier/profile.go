package carrier

// Profile is what is known of a carrier beforehand, so that an operator needs
// only its user name, password and numbers.
type Profile struct {
	ID    string
	Name  string
	About string // what to do at the carrier's own console
	Input Input
}

// Profiles lists them. They follow what the companies publish of their SIP
// trunks; addresses for calls from them are theirs to change, so the operator
// confirms those.
func Profiles() []Profile {
	plus := Writing{Format: Plus}
	base := func(host string, transport Transport, t Trunk) Input {
		t.Host, t.Transport, t.Ping = host, transport, true
		return Input{
			Kind: PSTN, Trunks: []TrunkInput{{Trunk: t}}, Out: plus, OutCaller: plus, In: plus, InCaller: plus,
			Shows: ShowOwn, Assert: true, DTMF: DTMFEvent, Codecs: []string{"PCMU", "PCMA"},
		}
	}
	return []Profile{
		{
			ID: "twilio", Name: "Twilio",
			About: "Elastic SIP Trunking: make a trunk, give it a termination name of yours and a credential list, and set the origination URI to this center's address. Put the name in place of NAME.",
			Input: base("NAME.pstn.twilio.com:5060", UDP, Trunk{
				From: []string{"54.172.60.0/30", "54.244.51.0/30", "54.171.127.192/30", "35.156.191.128/30", "54.65.63.192/30", "54.169.127.128/30", "54.252.254.64/30", "177.71.206.192/30"},
			}),
		},
		{
			ID: "telnyx", Name: "Telnyx",
			About: "Make a SIP connection with credentials, an outbound voice profile, and set it to E.164 with +.",
			Input: base("sip.telnyx.com:5060", UDP, Trunk{Realm: "sip.telnyx.com", Register: true, From: []string{"192.76.120.10", "64.16.250.10"}}),
		},
		{
			ID: "bandwidth", Name: "Bandwidth",
			About: "Bandwidth knows you by your address: give it this center's, and put the addresses of your site in place of HOST.",
			Input: base("HOST:5060", UDP, Trunk{}),
		},
		{
			ID: "vonage", Name: "Vonage",
			About: "SIP trunking: user name is your API key, the password its secret. Numbers are written without +.",
			Input: func() Input {
				in := base("sip.nexmo.com:5060", UDP, Trunk{Realm: "sip.nexmo.com"})
				bare := Writing{Format: Bare}
				in.Out, in.OutCaller, in.In, in.InCaller = bare, bare, bare, bare
				return in
			}(),
		},
		{
			ID: "sbc", Name: "SBC",
			About: "A gateway or session border controller in your own network, known by its address.",
			Input: base("HOST:5060", UDP, Trunk{}),
		},
	}
}

// ProfileOf finds one.
func ProfileOf(id string) (Profile, bool) {
	for _, p := range Profiles() {
		if p.ID == id {
			return p, true
		}
	}
	return Profile{}, false
}
