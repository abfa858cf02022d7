package numbering

import (
	"regexp"
	"regexp/syntax"
	"sync"
)

// pattern is a regular expression over digits, compiled when first needed:
// there are some two thousand of them and a center uses a few.
type pattern struct {
	source string
	once   sync.Once
	whole  *regexp.Regexp // the whole string
	head   *regexp.Regexp // its beginning
}

func newPattern(source string) *pattern {
	if source == "" || source == "NA" {
		return nil
	}
	return &pattern{source: source}
}

func (p *pattern) compile() {
	p.once.Do(func() {
		p.whole = regexp.MustCompile(`^(?:` + p.source + `)$`)
		p.head = regexp.MustCompile(`^(?:` + p.source + `)`)
	})
}

// match reports whether the whole of s matches; nil matches nothing.
func (p *pattern) match(s string) bool {
	if p == nil {
		return false
	}
	p.compile()
	return p.whole.MatchString(s)
}

// prefix returns how many bytes of s the pattern takes, or -1.
func (p *pattern) prefix(s string) int {
	if p == nil {
		return -1
	}
	p.compile()
	if m := p.head.FindStringIndex(s); m != nil {
		return m[1]
	}
	return -1
}

// expand lists every string a finite pattern matches, up to limit; ok is false
// when there are more.
func expand(source string, limit int) (out []string, ok bool) {
	re, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, false
	}
	return expandNode(re.Simplify(), limit)
}

func expandNode(re *syntax.Regexp, limit int) ([]string, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText:
		return []string{""}, true
	case syntax.OpLiteral:
		return []string{string(re.Rune)}, true
	case syntax.OpCharClass:
		var out []string
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if out = append(out, string(r)); len(out) > limit {
					return nil, false
				}
			}
		}
		return out, true
	case syntax.OpCapture:
		return expandNode(re.Sub[0], limit)
	case syntax.OpQuest:
		out, ok := expandNode(re.Sub[0], limit)
		return append(out, ""), ok
	case syntax.OpAlternate:
		var out []string
		for _, sub := range re.Sub {
			more, ok := expandNode(sub, limit)
			if out = append(out, more...); !ok || len(out) > limit {
				return nil, false
			}
		}
		return out, true
	case syntax.OpConcat:
		out := []string{""}
		for _, sub := range re.Sub {
			more, ok := expandNode(sub, limit)
			if !ok || len(out)*len(more) > limit {
				return nil, false
			}
			next := make([]string, 0, len(out)*len(more))
			for _, a := range out {
				for _, b := range more {
					next = append(next, a+b)
				}
			}
			out = next
		}
		return out, true
	default:
		return nil, false
	}
}
