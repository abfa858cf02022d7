package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// knob is one thing that can be set of a carrier, as the page draws it.
type knob struct {
	Name, Label string
	Type        string // text, secret, number, tick, choice, lines
	Value       string
	Holds       bool // a secret is kept
	On          bool
	Options     []choice
	Error       string
	Hint        string // an example, in place of a value
	Help        string // a line under it
}

// helped adds a line of help.
func (k knobMaker) helped(x knob, key string) knob {
	x.Help = k.p.T(key)
	return x
}

// knobs belong together.
type knobs struct {
	Legend string
	List   []knob
	Trunk  string // the id of the trunk they set; "" of none yet, or of the carrier
	State  *carrier.State
	Closed bool // not needed by most: it is opened when wanted
	Help   string
}

// fields are what is typed or chosen; ticks what is ticked, or not shown.
func (g knobs) fields() (list []knob) { return g.which(false) }
func (g knobs) ticks() (list []knob)  { return g.which(true) }

func (g knobs) which(tick bool) (list []knob) {
	for _, k := range g.List {
		if (k.Type == "tick" || k.Type == "hidden") == tick {
			list = append(list, k)
		}
	}
	return list
}

// editData is a carrier that is being changed, or made.
type editData struct {
	ID      string // "" is a new one
	Name    string
	About   string // of the profile it starts from
	Groups  []knobs
	Samples []carrier.Sample
	Report  *carrier.Report
	Problem string
}

// editCarrier is the page of one carrier, or of a new one that starts from a
// profile.
func (f *face) editCarrier(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	id := r.PathValue("id")
	if id == "new" {
		in, about := carrier.Input{Trunks: []carrier.TrunkInput{{}}}, ""
		if x, ok := carrier.ProfileOf(r.URL.Query().Get("profile")); ok {
			in, about = x.Input, x.About
			in.Name = x.Name
		}
		d, err := f.editing(r, p, "", in, knobMaker{p: p})
		d.About = about
		return carrierEditPage(p, d), err
	}
	c, err := f.Carriers.Carrier(r.Context(), p.Who, id)
	if err != nil {
		return nil, err
	}
	d, err := f.editing(r, p, id, inputOf(c), knobMaker{p: p})
	return carrierEditPage(p, d), err
}

// inputOf is a carrier as its form shows it.
func inputOf(c carrier.Carrier) carrier.Input {
	in := carrier.Input{
		Center: c.Center, Kind: c.Kind, Name: c.Name, Closed: c.Closed, Out: c.Out, OutCaller: c.OutCaller, In: c.In, InCaller: c.InCaller,
		Shows: c.Shows, Presents: c.Presents, Assert: c.Assert, Diverts: c.Diverts, Codecs: c.Codecs, DTMF: c.DTMF, SRTP: c.SRTP, Short: c.Short,
		Emergency: c.Emergency, Prefix: c.Prefix, Ranges: c.Ranges, Domain: c.Domain, ENUM: c.ENUM, ENUMAll: c.ENUMAll, Sells: c.Sells, Reach: c.Reach,
	}
	for _, t := range c.Trunks {
		in.Trunks = append(in.Trunks, carrier.TrunkInput{Trunk: t})
	}
	return in
}

// saveCarrier takes the form: it is shown again with what it would do, or kept.
func (f *face) saveCarrier(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	id := r.PathValue("id")
	in, unread, err := carrierForm(r.PostForm)
	if err == nil && r.PostFormValue("preview") == "" {
		if id == "new" {
			_, err = f.Carriers.Add(r.Context(), p.Who, in)
		} else {
			_, err = f.Carriers.Change(r.Context(), p.Who, id, in)
		}
		if err == nil {
			return nil, redirect{"/operator/carriers"}
		}
	}
	var wrong map[string]string
	if err != nil {
		switch fault.KindOf(err) {
		case fault.Invalid, fault.Conflict:
			p.Status, wrong = httpstatus.Of(fault.KindOf(err)), p.errorsOf(err)
		default:
			return nil, err
		}
	}
	if id == "new" {
		id = ""
	}
	d, err := f.editing(r, p, id, in, knobMaker{p, wrong, unread})
	if wrong != nil {
		if d.Problem = wrong[""]; d.Problem == "" {
			d.Problem = p.say("Some fields are not right.")
		}
	}
	return carrierEditPage(p, d), err
}

// carrierForm reads the form; unread is what was typed where a number could not
// be read, by the names of the faults.
func carrierForm(v url.Values) (in carrier.Input, unread map[string]string, err error) {
	in = carrier.Input{
		Center: center.ID(v.Get("center")), Kind: carrier.Kind(v.Get("kind")), Name: v.Get("name"), Closed: v.Get("closed") != "",
		Shows: carrier.Showing(v.Get("shows")), Presents: v.Get("presents"), Assert: v.Get("assert") != "", Diverts: v.Get("diverts") != "",
		Codecs: wordsOf(v.Get("codecs")), DTMF: carrier.DTMF(v.Get("dtmf")), SRTP: v.Get("srtp") != "", Short: v.Get("short") != "", Emergency: v.Get("emergency") != "",
		Prefix: v.Get("prefix"), Ranges: wordsOf(v.Get("ranges")), Domain: v.Get("domain"), ENUM: v.Get("enum"), ENUMAll: v.Get("enum_all") != "", Reach: wordsOf(v.Get("reach")),
	}
	var wrong []fault.Field
	unread = map[string]string{}
	bad := func(name, text, typed string) {
		unread[name], wrong = typed, append(wrong, fault.Field{Name: name, Text: text})
	}
	for _, x := range []struct {
		name string
		*carrier.Writing
	}{{"out", &in.Out}, {"out_caller", &in.OutCaller}, {"in", &in.In}, {"in_caller", &in.InCaller}} {
		rules, err := carrier.ParseRules(v.Get(x.name + "_rules"))
		if err != nil {
			bad(x.name+"_rules", fault.ReasonOf(err).Text, v.Get(x.name+"_rules"))
		}
		x.Format, x.Rules = carrier.Format(v.Get(x.name)), rules
	}
	if text := strings.TrimSpace(v.Get("sells")); text != "" {
		switch micros, err := money.ReadMicros(text); {
		case errors.Is(err, money.ErrTwoWays):
			bad("sells_micros", "This price can be read in two ways. Write it with four decimals, as in 1.2340 or 1,2340, and thousands without a mark.", text)
		case err != nil:
			bad("sells_micros", "Write a price like 0.035.", text)
		default:
			in.Sells = &micros
		}
	}
	for i := range mostTrunkRows {
		at := "t" + strconv.Itoa(i) + "_"
		if strings.TrimSpace(v.Get(at+"host")) == "" {
			continue // without a gateway it is none
		}
		n := len(in.Trunks)
		in.Trunks = append(in.Trunks, trunkForm(v, at, func(name, text, typed string) { bad(carrier.TrunkField(n, name), text, typed) }))
	}
	if len(wrong) > 0 {
		return in, unread, fault.Fields(wrong...)
	}
	return in, unread, nil
}

const mostTrunkRows = 17 // 16, and an empty one

// trunkForm reads the fields of one trunk.
func trunkForm(v url.Values, at string, bad func(name, text, typed string)) carrier.TrunkInput {
	number := func(name string) int {
		text := strings.TrimSpace(v.Get(at + name))
		if text == "" {
			return 0
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			bad(name, "0 (no limit) to 100000.", text)
		}
		return n
	}
	t := carrier.TrunkInput{Trunk: carrier.Trunk{
		ID: v.Get(at + "id"), Host: strings.TrimSpace(v.Get(at + "host")), Transport: carrier.Transport(v.Get(at + "transport")), User: v.Get(at + "user"),
		Realm: v.Get(at + "realm"), Register: v.Get(at+"register") != "", Ping: v.Get(at+"ping") != "", Capacity: number("capacity"), CPS: number("rate"),
		From: wordsOf(v.Get(at + "from")), InUser: v.Get(at + "in_user"), InName: v.Get(at + "in_name"),
	}}
	if s := v.Get(at + "password"); s != "" {
		t.Password = &s
	}
	if s := v.Get(at + "in_password"); s != "" {
		t.InPassword = &s
	} else if t.InUser == "" {
		t.InPassword = &s // whoever takes the name away takes the password with it
	}
	if t.User == "" {
		none := ""
		t.Password = &none
	}
	return t
}

// wordsOf reads words with spaces, commas or lines between.
func wordsOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == ';' })
}

// editing is the page for a carrier as it stands.
func (f *face) editing(r *http.Request, p *page, id string, in carrier.Input, k knobMaker) (editData, error) {
	of, err := f.carriersOf(r, p)
	if err != nil {
		return editData{}, err
	}
	d := editData{ID: id, Name: in.Name, Samples: f.Carriers.Samples(in), Groups: []knobs{k.whole(in, of.Centers)}}
	for i, t := range append(slices.Clone(in.Trunks), carrier.TrunkInput{}) {
		if i < mostTrunkRows {
			g := k.trunk(t, i)
			if t.ID != "" {
				s := f.Trunks.TrunkState(t.ID)
				g.State = &s
			}
			d.Groups = append(d.Groups, g)
		}
	}
	d.Groups = append(d.Groups, k.numbers(in), k.media(in), k.partner(in))
	p.Title = in.Name
	if id == "" {
		p.Title = p.T("carrier.new")
	}
	return d, nil
}

// knobMaker makes knobs in the reader's language, with what was wrong.
type knobMaker struct {
	p      *page
	wrong  map[string]string
	unread map[string]string // what was typed where something is wrong, and is no value
}

func (k knobMaker) text(name, label, value, hint string) knob {
	return knob{Name: name, Label: k.p.T(label), Type: "text", Value: value, Hint: hint, Error: k.wrong[name]}
}

func (k knobMaker) tick(name, label string, on bool) knob {
	return knob{Name: name, Label: k.p.T(label), Type: "tick", On: on}
}

func (k knobMaker) choose(name, label, value string, options ...choice) knob {
	return knob{Name: name, Label: k.p.T(label), Type: "choice", Value: value, Options: options, Error: k.wrong[name]}
}

func (k knobMaker) whole(in carrier.Input, centers []choice) knobs {
	t := k.p.T
	return knobs{Legend: t("carrier.section.whole"), List: []knob{
		k.text("name", "carrier.name", in.Name, ""),
		k.choose("kind", "carrier.kind", string(in.Kind), choice{"pstn", t("carrier.kind.pstn")}, choice{"partner", t("carrier.kind.partner")}),
		k.choose("center", "carrier.center", string(in.Center), centers...),
		k.helped(k.text("presents", "carrier.presents", in.Presents, "+82 2 555 0100"), "carrier.presents.help"),
		k.choose("shows", "carrier.shows", string(in.Shows), choice{"fixed", t("carrier.shows.fixed")}, choice{"own", t("carrier.shows.own")}),
		k.tick("emergency", "carrier.emergency", in.Emergency), k.tick("short", "carrier.short", in.Short), k.tick("assert", "carrier.assert", in.Assert),
		k.tick("diverts", "carrier.diverts", in.Diverts), k.tick("closed", "carrier.closed", in.Closed),
	}}
}

// trunk is the knobs of the trunk in a row of the page.
func (k knobMaker) trunk(t carrier.TrunkInput, row int) knobs {
	at := "t" + strconv.Itoa(row) + "_"
	wrong := func(x knob, name string) knob {
		x.Error = k.wrong[carrier.TrunkField(row, name)]
		return x
	}
	text := func(name, label, value, hint string) knob { return wrong(k.text(at+name, label, value, hint), name) }
	secret := func(name, label string, holds bool) knob {
		return wrong(knob{Name: at + name, Label: k.p.T(label), Type: "secret", Holds: holds}, name)
	}
	number := func(name, label string, value int) knob {
		x := text(name, label, k.unread[carrier.TrunkField(row, name)], "0")
		if x.Type = "number"; value != 0 {
			x.Value = strconv.Itoa(value)
		}
		return x
	}
	transports := []choice{{"udp", "UDP"}, {"tcp", "TCP"}, {"tls", "TLS"}}
	legend := k.p.T("carrier.section.trunk", "number", strconv.Itoa(row+1))
	if t.Host == "" {
		legend = k.p.T("carrier.section.another")
	}
	return knobs{Legend: legend, Trunk: t.ID, Closed: t.Host == "" && at != "t0_", List: []knob{
		{Name: at + "id", Type: "hidden", Value: t.ID},
		text("host", "carrier.host", t.Host, "sip.carrier.example:5060"), wrong(k.choose(at+"transport", "carrier.transport", string(t.Transport), transports...), "transport"),
		text("user", "carrier.user", t.User, ""), secret("password", "carrier.password", t.Trunk.Password != ""), k.helped(text("realm", "carrier.realm", t.Realm, ""), "carrier.realm.help"),
		number("capacity", "trunk.capacity", t.Capacity), number("rate", "trunk.rate", t.CPS),
		k.tick(at+"register", "trunk.register", t.Register), k.tick(at+"ping", "trunk.ping", t.Ping),
		k.helped(text("from", "trunk.from", strings.Join(t.From, ", "), "203.0.113.7, 203.0.113.0/28"), "trunk.from.help"), k.helped(text("in_user", "trunk.in_user", t.InUser, ""), "trunk.in_user.help"),
		secret("in_password", "trunk.in_password", t.Trunk.InPassword != ""), text("in_name", "trunk.in_name", t.InName, "sbc.carrier.example"),
	}}
}

func (k knobMaker) numbers(in carrier.Input) knobs {
	g := knobs{Legend: k.p.T("carrier.section.numbers"), Help: k.p.T("carrier.rules.help")}
	var formats []choice
	for _, x := range carrier.Formats() {
		formats = append(formats, choice{string(x), k.p.T("format." + string(x))})
	}
	for _, x := range []struct {
		name, label string
		w           carrier.Writing
	}{{"out", "carrier.out", in.Out}, {"out_caller", "carrier.out_caller", in.OutCaller}, {"in", "carrier.in", in.In}, {"in_caller", "carrier.in_caller", in.InCaller}} {
		g.List = append(g.List, k.choose(x.name, x.label, string(x.w.Format), formats...),
			k.rules(x.name+"_rules", x.w.Rules))
	}
	g.List = append(g.List, k.helped(k.text("reach", "carrier.reach", strings.Join(in.Reach, ", "), "+82, *"), "carrier.reach.help"))
	return g
}

func (k knobMaker) rules(name string, rules []carrier.Rule) knob {
	x := knob{Name: name, Label: k.p.T("carrier.rules"), Type: "lines", Value: carrier.RulesText(rules), Hint: "0082=+82", Error: k.wrong[name]}
	if typed, is := k.unread[name]; is {
		x.Value = typed
	}
	return x
}

func (k knobMaker) media(in carrier.Input) knobs {
	t := k.p.T
	return knobs{Legend: t("carrier.section.sound"), List: []knob{
		k.text("codecs", "carrier.codecs", strings.Join(in.Codecs, ", "), "PCMU, PCMA"),
		k.choose("dtmf", "carrier.dtmf", string(in.DTMF), choice{"any", t("carrier.dtmf.any")}, choice{"rfc4733", "RFC 4733"}, choice{"info", "INFO"}),
		k.tick("srtp", "carrier.srtp", in.SRTP),
	}}
}

func (k knobMaker) partner(in carrier.Input) knobs {
	sells := k.text("sells", "carrier.sells", k.unread["sells_micros"], "0.035")
	if sells.Error = k.wrong["sells_micros"]; in.Sells != nil {
		sells.Value = money.Amount{Micros: *in.Sells}.String()
	}
	return knobs{Legend: k.p.T("carrier.section.partner"), Closed: in.Kind != carrier.Partner, List: []knob{
		k.text("prefix", "carrier.prefix", in.Prefix, "7799"), k.text("ranges", "carrier.ranges", strings.Join(in.Ranges, ", "), "+82 70 123"),
		sells, k.text("domain", "carrier.domain", in.Domain, "sip.partner.example"), k.text("enum", "carrier.enum", in.ENUM, "e164.partner.example"),
		k.tick("enum_all", "carrier.enum_all", in.ENUMAll),
	}}
}
