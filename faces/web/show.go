package web

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// nationalPart is the number without its calling code, spaced as its country writes it.
func nationalPart(n numbering.Number) string {
	return strings.TrimSuffix(n.Display(), " "+n.CallingCode)
}

// part is a stretch of a number, marked if it is what was searched for.
type part struct {
	Text   string
	Marked bool
}

// mark finds the searched digits in a number as it is shown, spaces or not.
func mark(n numbering.Number, s finder) []part {
	shown := n.National
	if n.Kind == numbering.Individual {
		shown = nationalPart(n)
	}
	from, to := matchIn(n.National, keepDigits(s.Digits), s.Where)
	if from == to {
		return []part{{Text: shown}}
	}
	var out []part
	var b strings.Builder
	digit, inside := 0, false
	flush := func() {
		if b.Len() > 0 {
			out = append(out, part{b.String(), inside})
			b.Reset()
		}
	}
	for _, r := range shown {
		isDigit := r >= '0' && r <= '9'
		now := isDigit && digit >= from && digit < to || !isDigit && inside && digit < to
		if now != inside {
			flush()
			inside = now
		}
		b.WriteRune(r)
		if isDigit {
			digit++
		}
	}
	flush()
	return out
}

// matched shows a number with the digits that were searched for marked. It is
// written by hand, because a template would put spaces between the digits.
func matched(n numbering.Number, s finder) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<bdi class="num" dir="ltr">`)
		for _, p := range mark(n, s) {
			if p.Marked {
				b.WriteString("<mark>" + templ.EscapeString(p.Text) + "</mark>")
			} else {
				b.WriteString(templ.EscapeString(p.Text))
			}
		}
		between := " "
		if n.Kind == numbering.Company {
			between = `<span class="hash">#</span>`
		}
		b.WriteString(between + `<span class="cc">` + templ.EscapeString(n.CallingCode) + "</span></bdi>")
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// matchIn is where a pattern sits in the digits: from and to are equal if it has wildcards or does not occur.
func matchIn(digits, pattern, where string) (from, to int) {
	if pattern == "" || strings.ContainsAny(pattern, "*?") {
		return 0, 0
	}
	i := strings.Index(digits, pattern)
	switch where {
	case "starts":
		if i != 0 {
			return 0, 0
		}
	case "ends":
		if !strings.HasSuffix(digits, pattern) {
			return 0, 0
		}
		i = len(digits) - len(pattern)
	}
	if i < 0 {
		return 0, 0
	}
	return i, i + len(pattern)
}

// The 25-pair colour code: five tip colours by five ring colours.
func pairColours(n int) (tip, ring [2]string) {
	tips := [...][2]string{{"white", "#FFFFFF"}, {"red", "#D2322D"}, {"black", "#1B1B1B"}, {"yellow", "#F3C614"}, {"violet", "#7A4FB3"}}
	rings := [...][2]string{{"blue", "#2457D6"}, {"orange", "#F0801A"}, {"green", "#21945A"}, {"brown", "#7B4B2A"}, {"slate", "#76828C"}}
	n = (n%25 + 25) % 25
	return tips[n/5], rings[n%5]
}

// pairName is its colours, in the language of the page.
func pairName(ctx context.Context, n int) string {
	tip, ring := pairColours(n)
	t := speaking(ctx)
	return t.text("colours", "tip", t.text("colour."+tip[0]), "ring", t.text("colour."+ring[0]))
}
func pairTip(n int) string  { tip, _ := pairColours(n); return tip[1] }
func pairRing(n int) string { _, ring := pairColours(n); return ring[1] }

// pairOf gives something with an id its pair, always the same.
func pairOf(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return int(h.Sum32() % 25)
}

// described are the attributes that tie an input to its help and its error.
func described(in input) templ.Attributes {
	a := templ.Attributes{}
	var ids []string
	if in.Error != "" {
		a["aria-invalid"] = "true"
		ids = append(ids, in.ID+"-wrong")
	}
	if in.Help != "" {
		ids = append(ids, in.ID+"-help")
	}
	if len(ids) > 0 {
		a["aria-describedby"] = strings.Join(ids, " ")
	}
	if in.Required {
		a["required"] = true
	}
	if in.Max > 0 && len(in.Choices) == 0 && in.Type != "list" { // a list counts its items
		a["maxlength"] = strconv.Itoa(in.Max)
	}
	if in.Type == "timezone" {
		a["data-zone"] = strings.Join(in.Zones, " ")
	}
	return a
}

func inputType(t string) string {
	switch t {
	case "tel", "email", "password":
		return t
	default:
		return "text"
	}
}

func autocomplete(in input) string {
	switch in.Name {
	case "name", "email":
		return in.Name
	case "password", "fresh":
		return "new-password"
	case "company":
		return "organization"
	case "address":
		return "street-address"
	case "contact_pstn":
		return "tel"
	default:
		return "off"
	}
}

// left is how many seconds it is to an instant by the company's clock, for a
// script that counts them down.
func (p *page) left(until time.Time) string {
	return strconv.Itoa(max(0, int(until.Sub(p.f.Now())/time.Second)))
}

// stateTag is how loud a state is shown.
func stateTag(s shop.State) string {
	switch s {
	case shop.Approved, shop.AwaitingPayment, shop.Paid, shop.Sold:
		return "tag on"
	case shop.Rejected, shop.Expired, shop.Cancelled, shop.Refunded:
		return "tag dark"
	default:
		return "tag"
	}
}

// other is the other party of a call as the history shows it.
func other(r cdr.Record, account string) string {
	text := r.Caller(account)
	if outgoing(r, account) {
		text = r.Called(account)
		if r.Hides(account) { // a hundred letters that nobody reads
			text = text[:min(len(text), 16)] + "…"
		}
	}
	if text == "" {
		return "–"
	}
	return text
}

// callDot is a call at a glance, to an account or, if that is "", the operator: what
// somebody declined or another telephone took was not missed.
func callDot(r cdr.Record, account string) string {
	switch {
	case r.Answered():
		return "dot connected"
	case account != "" && !outgoing(r, account) && !r.Missed():
		return "dot"
	default:
		return "dot missed"
	}
}

// clock is how long something was, as it is counted and charged: seconds begun are whole.
func clock(d time.Duration) string {
	s := int((d + time.Second - 1) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
