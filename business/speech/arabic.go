package speech

import "strconv"

// arabic says a number of things of a gender. From three to ten the number is of
// the other gender than what is counted, which the words of a gender have here.
func (v *Voice) arabic(n int, g gender) {
	if n == 0 {
		v.n(0)
		return
	}
	said := false
	and := func() {
		if said {
			v.num("and")
		}
		said = true
	}
	if k := n / 1000; k > 0 {
		and()
		switch k {
		case 1:
			v.num("1000/1")
		case 2:
			v.num("1000/2")
		default:
			v.arabic(k, masculine)
			v.form("num/1000", arabicForm(k))
		}
		n %= 1000
	}
	if n >= 100 {
		and()
		v.n(n - n%100)
		n %= 100
	}
	switch {
	case n == 0:
	case n < 20:
		and()
		v.arabicOne(n, g)
	default:
		and()
		if n%10 == 1 && g == feminine {
			v.num("1+f", "and")
		} else if n%10 > 0 {
			v.arabicOne(n%10, g)
			v.num("and")
		}
		v.n(n - n%10)
	}
}

func (v *Voice) arabicOne(n int, g gender) {
	text := strconv.Itoa(n)
	if g == feminine {
		text += "f"
	}
	v.num(text)
}

// arabicForm is the form that a number asks for: a plural from three to ten, the
// accusative from eleven to ninety-nine, else the singular.
func arabicForm(n int) int {
	switch last := n % 100; {
	case last >= 3 && last <= 10:
		return 3
	case last >= 11:
		return 11
	default:
		return 1
	}
}

// arabicThings: one follows what is counted, two is a form of it.
func (v *Voice) arabicThings(n int, what string, g gender) {
	switch {
	case n == 1:
		v.form(what, 1)
		v.arabicOne(1, g)
	case n == 2 && v.speech.known["ar/"+what+"/2"]:
		v.form(what, 2)
	default:
		v.arabic(n, g)
		v.form(what, arabicForm(n))
	}
}
