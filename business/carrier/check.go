package carrier

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
)

// Limits of what is said of a carrier.
const (
	mostTrunks   = 16
	mostAddrs    = 64
	mostPrefixes = 200
	mostCalls    = 100_000
)

// faults collects what is wrong.
type faults []fault.Field

func (f *faults) add(name, text string) { *f = append(*f, fault.Field{Name: name, Text: text}) }

// TrunkField is what a field of one of the trunks is called among what is wrong.
func TrunkField(trunk int, name string) string { return fmt.Sprintf("trunks.%d.%s", trunk, name) }

// fill checks what was said and puts it into c.
func (s *Service) fill(c *Carrier, in Input) error {
	var wrong faults
	old := c.Trunks
	c.Center, c.Kind, c.Name, c.Closed = in.Center, in.Kind, strings.TrimSpace(in.Name), in.Closed
	c.Out, c.OutCaller, c.In, c.InCaller = in.Out, in.OutCaller, in.In, in.InCaller
	c.Shows, c.Assert, c.Diverts, c.DTMF, c.SRTP, c.Short, c.Emergency = in.Shows, in.Assert, in.Diverts, in.DTMF, in.SRTP, in.Short, in.Emergency
	c.Prefix, c.Domain, c.ENUM = strings.TrimSpace(in.Prefix), strings.TrimSpace(in.Domain), strings.ToLower(strings.Trim(strings.TrimSpace(in.ENUM), "."))
	c.ENUMAll = in.ENUMAll && c.ENUM != ""
	if c.Kind == "" {
		c.Kind = PSTN
	}
	if c.Shows == "" {
		c.Shows = ShowFixed
	}
	if c.DTMF == "" {
		c.DTMF = DTMFAny
	}
	if _, ok := s.cfg.Centers().Get(c.Center); !ok {
		wrong.add("center", "There is no center of this name.")
	}
	if c.Name == "" || !plain(c.Name, 100) {
		wrong.add("name", "Give it a name of at most 100 characters.")
	}
	if c.Kind != PSTN && c.Kind != Partner {
		wrong.add("kind", "Choose pstn or partner.")
	}
	for _, x := range []struct {
		name string
		*Writing
	}{{"out", &c.Out}, {"out_caller", &c.OutCaller}, {"in", &c.In}, {"in_caller", &c.InCaller}} {
		if text := x.check(); text != "" {
			wrong.add(x.name, text)
		}
	}
	s.checkShown(c, in, &wrong)
	c.Codecs = checkCodecs(in.Codecs, &wrong)
	checkPartner(c, in, &wrong)
	c.Reach = prefixes("reach", in.Reach, &wrong)
	c.Trunks = s.trunks(old, in.Trunks, &wrong)
	if c.SRTP && slices.ContainsFunc(c.Trunks, func(t Trunk) bool { return t.Transport != TLS }) {
		wrong.add("srtp", "The keys of encrypted sound travel in the signalling: every trunk has to use TLS for it.")
	}
	s.checkTaken(c, &wrong)
	if len(wrong) > 0 {
		return fault.Fields(wrong...)
	}
	return nil
}

// checkTaken refuses a name to call us by that is somebody else's already.
func (s *Service) checkTaken(c *Carrier, wrong *faults) {
	names := map[string]bool{}
	s.mu.Lock()
	for _, other := range s.list {
		if other.ID != c.ID && other.Center == c.Center {
			for _, t := range other.Trunks {
				names[t.InUser] = true
			}
		}
	}
	s.mu.Unlock()
	for i, t := range c.Trunks {
		if t.InUser != "" && (names[t.InUser] || s.cfg.Telephone != nil && s.cfg.Telephone(t.InUser)) {
			wrong.add(TrunkField(i, "in_user"), "This user name belongs to somebody else already. Choose another.")
		}
		names[t.InUser] = true
	}
}

// checkShown sees to what a call shows.
func (s *Service) checkShown(c *Carrier, in Input, wrong *faults) {
	if c.Shows != ShowOwn && c.Shows != ShowFixed {
		wrong.add("shows", "Choose own or fixed.")
	}
	if c.DTMF != DTMFAny && c.DTMF != DTMFEvent && c.DTMF != DTMFInfo {
		wrong.add("dtmf", "Choose any, rfc4733 or info.")
	}
	c.Presents = ""
	if in.Presents == "" && c.Kind == Partner {
		return // it knows our numbers as they are
	}
	if strings.TrimSpace(in.Presents) == "" {
		wrong.add("presents", "Say which number our calls show there, with + and country code, as in +82 2 555 0100.")
		return
	}
	if code, national, err := s.cfg.Plans.Own(in.Presents); err != nil {
		wrong.add("presents", fault.ReasonOf(err).Text)
	} else {
		c.Presents = "+" + code + national
	}
}

func checkCodecs(list []string, wrong *faults) []string {
	var out []string
	for _, x := range list {
		x = strings.ToUpper(strings.TrimSpace(x))
		if x == "" {
			continue
		}
		switch x {
		case "PCMU", "PCMA", "G722", "G729", "OPUS", "AMR", "AMR-WB", "GSM", "ILBC":
			out = append(out, x)
		default:
			wrong.add("codecs", "Codecs are PCMU, PCMA, G722, G729, OPUS, AMR, AMR-WB, GSM and ILBC.")
		}
	}
	return out
}

// checkPartner sees to what only a partner has.
func checkPartner(c *Carrier, in Input, wrong *faults) {
	c.Ranges, c.Sells = prefixes("ranges", in.Ranges, wrong), in.Sells
	if c.Sells != nil && *c.Sells < 0 {
		wrong.add("sells_micros", "A price is not below zero.")
	}
	if c.Kind == PSTN && (c.Prefix != "" || len(c.Ranges) > 0 || c.ENUM != "") {
		wrong.add("prefix", "Only a partner has a prefix, ranges or an ENUM zone of its own. A carrier carries what its rates say.")
	}
	if c.Prefix != "" && (len(c.Prefix) < 2 || len(c.Prefix) > 10 || strings.Trim(c.Prefix, "0123456789") != "") {
		wrong.add("prefix", "A prefix is 2 to 10 digits.")
	}
	for _, x := range [][2]string{{"domain", c.Domain}, {"enum", c.ENUM}} {
		if x[1] != "" && !hostName(x[1]) {
			wrong.add(x[0], "This is no domain name.")
		}
	}
	if c.Kind == Partner && c.ENUM != "" && len(c.Ranges) == 0 && len(in.Ranges) == 0 && !c.ENUMAll {
		wrong.add("enum", "Say for which numbers the zone is asked: give the ranges that are its own, or have it believed for every number.")
	}
	if c.Kind == Partner && c.Prefix == "" && len(c.Ranges) == 0 && c.ENUM == "" && len(c.Reach) == 0 && len(in.Reach) == 0 {
		wrong.add("prefix", "Say by what its numbers are dialled: a prefix, ranges or an ENUM zone; or what it may call.")
	}
}

// prefixes reads E.164 prefixes; "*" stays.
func prefixes(field string, list []string, wrong *faults) []string {
	var out []string
	for _, x := range list {
		x = strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(x), " ", ""), "+")
		switch {
		case x == "":
		case x == "*" && field == "reach":
			out = append(out, x)
		case len(x) > 15 || strings.Trim(x, "0123456789") != "" || x[0] == '0':
			wrong.add(field, "Write prefixes of + forms: +82 70 123.")
			return out
		default:
			out = append(out, x)
		}
	}
	if len(out) > mostPrefixes {
		wrong.add(field, "At most 200.")
	}
	return out
}

// trunks checks the trunks; old are those there were.
func (s *Service) trunks(old []Trunk, list []TrunkInput, wrong *faults) []Trunk {
	if len(list) == 0 || len(list) > mostTrunks {
		wrong.add(TrunkField(0, "host"), "Give the address of the carrier's gateway as HOST:PORT, for example sip.carrier.example:5060. At most 16 of them.")
	}
	out := make([]Trunk, 0, len(list))
	for i, x := range list {
		var its faults
		t := x.Trunk
		t.Password, t.InPassword = "", ""
		known := false
		for _, o := range old {
			if o.ID != t.ID || t.ID == "" {
				continue
			}
			known = true
			t.InPassword = o.InPassword
			if strings.TrimSpace(t.Host) == o.Host && strings.TrimSpace(t.User) == o.User {
				t.Password = o.Password
			} else if o.Password != "" && t.User != "" && x.Password == nil {
				// It was given for that gateway: no other shall ask for it.
				its.add("password", "The password that is kept is for another gateway or user. Enter the one for this.")
			}
		}
		if !known {
			t.ID = ident.New("trk", s.cfg.Now())
		}
		if x.Password != nil {
			t.Password = *x.Password
		}
		if x.InPassword != nil {
			t.InPassword = *x.InPassword
		}
		t.check(&its)
		for _, f := range its {
			wrong.add(TrunkField(i, f.Name), f.Text)
		}
		out = append(out, t)
	}
	return out
}

func (t *Trunk) check(wrong *faults) {
	t.Host, t.User, t.InUser, t.InName = strings.TrimSpace(t.Host), strings.TrimSpace(t.User), strings.TrimSpace(t.InUser), strings.ToLower(strings.TrimSpace(t.InName))
	if t.Transport == "" {
		t.Transport = UDP
	}
	if !hostPort(t.Host) {
		wrong.add("host", "Give the address of the carrier's gateway as HOST:PORT, for example sip.carrier.example:5060.")
	}
	if t.Transport != UDP && t.Transport != TCP && t.Transport != TLS {
		wrong.add("transport", "Choose udp, tcp or tls.")
	}
	for _, x := range [][2]string{{"user", t.User}, {"password", t.Password}, {"realm", t.Realm}, {"in_user", t.InUser}, {"in_password", t.InPassword}} {
		name, v := x[0], x[1]
		if !plain(v, 200) || !strings.HasSuffix(name, "password") && strings.ContainsAny(v, `"\`) {
			wrong.add(name, "At most 200 characters, no control characters, and no quotes or backslashes.")
		}
	}
	if t.User == "" {
		if t.Password != "" {
			wrong.add("user", "A password needs a user name.")
		}
		if t.Register {
			wrong.add("user", "To register there, we need a user name.")
		}
	}
	if (t.InUser == "") != (t.InPassword == "") {
		wrong.add("in_user", "To prove itself by digest it needs both a user name and a password.")
	}
	if t.InPassword != "" && len(t.InPassword) < 12 {
		wrong.add("in_password", "Use at least 12 characters: whoever guesses it calls as this carrier.")
	}
	if t.InName != "" && !hostName(t.InName) {
		wrong.add("in_name", "This is no domain name.")
	}
	if t.Capacity < 0 || t.Capacity > mostCalls {
		wrong.add("capacity", "0 (no limit) to 100000.")
	}
	if t.CPS < 0 || t.CPS > mostCalls {
		wrong.add("rate", "0 (no limit) to 100000.")
	}
	t.From = networks(t.From, wrong)
}

// networks reads the addresses a carrier calls from.
func networks(list []string, wrong *faults) []string {
	var out []string
	for _, x := range list {
		if x = strings.TrimSpace(x); x == "" {
			continue
		}
		p, err := netip.ParsePrefix(x)
		_, errAddr := netip.ParseAddr(x)
		_, errPort := netip.ParseAddrPort(x)
		if err != nil && errAddr != nil && errPort != nil || err == nil && p.Bits() < 8 {
			wrong.add("from", "Write addresses, with a port if it has to be that, or networks of at least 8 bits: 203.0.113.7, 203.0.113.7:5060, 203.0.113.0/28.")
			return out
		}
		out = append(out, x)
	}
	if len(out) > mostAddrs {
		wrong.add("from", "At most 64.")
	}
	return out
}

func plain(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && strings.IndexFunc(s, unicode.IsControl) < 0
}

// hostPort reports whether s is a name or an address with a port.
func hostPort(s string) bool {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Port() != 0 && !a.Addr().IsUnspecified() && !a.Addr().IsMulticast()
	}
	host, port, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	return ok && err == nil && n != 0 && hostName(host)
}

// hostName reports whether s is a domain name, with a letter somewhere.
func hostName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	letters := false
	for _, label := range strings.Split(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			switch {
			case r >= '0' && r <= '9', r == '-':
			case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
				letters = true
			default:
				return false
			}
		}
	}
	return letters
}
