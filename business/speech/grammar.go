package speech

import "strconv"

// english says a number.
func (v *Voice) english(n int) {
	if n >= 1000 {
		v.english(n / 1000)
		v.n(1000)
		if n %= 1000; n == 0 {
			return
		}
	}
	if n >= 100 {
		v.n(n / 100)
		v.n(100)
		if n %= 100; n == 0 {
			return
		}
	}
	v.tens(n)
}

// tens says a number below a hundred as its tens and what is left.
func (v *Voice) tens(n int) {
	if n < 20 {
		v.n(n)
		return
	}
	v.n(n - n%10)
	if n%10 > 0 {
		v.n(n % 10)
	}
}

// german says ones before tens, and eins as what is counted asks for.
func (v *Voice) german(n int, g gender) {
	if n >= 1000 {
		v.german(n/1000, masculine)
		v.n(1000)
		if n %= 1000; n == 0 {
			return
		}
		g = alone // tausendeins Minuten
	}
	if n >= 100 {
		v.germanOne(n/100, masculine)
		v.n(100)
		if n %= 100; n == 0 {
			return
		}
		g = alone
	}
	if n < 20 {
		v.germanOne(n, g)
		return
	}
	if n%10 > 0 {
		v.germanOne(n%10, masculine)
		v.num("and")
	}
	v.n(n - n%10)
}

func (v *Voice) germanOne(n int, g gender) {
	switch {
	case n == 1 && g == masculine:
		v.num("1m")
	case n == 1 && g == feminine:
		v.num("1f")
	default:
		v.n(n)
	}
}

// french counts by twenty from 60 to 99; vingt and cent have an s at the end of
// a number only.
func (v *Voice) french(n int, g gender) {
	v.frenchPart(n, g, true)
}

func (v *Voice) frenchPart(n int, g gender, last bool) {
	if n >= 1000 {
		if n >= 2000 {
			v.frenchPart(n/1000, masculine, false)
		}
		v.n(1000)
		if n %= 1000; n == 0 {
			return
		}
	}
	if n >= 100 {
		if n >= 200 {
			v.n(n / 100)
		}
		if n >= 200 && n%100 == 0 && last {
			v.num("100s")
		} else {
			v.n(100)
		}
		if n %= 100; n == 0 {
			return
		}
	}
	v.frenchTens(n, g, last)
}

func (v *Voice) frenchTens(n int, g gender, last bool) {
	switch {
	case n == 1 && g == feminine:
		v.num("1f")
	case n < 20:
		v.n(n)
	case n == 80 && last:
		v.n(80)
	case n >= 80:
		v.num("80+")
		if n > 80 {
			v.frenchTens(n-80, g, last)
		}
	case n >= 60:
		v.n(60)
		v.frenchRest(n-60, g, last)
	default:
		v.n(n - n%10)
		v.frenchRest(n%10, g, last)
	}
}

// frenchRest is what comes after vingt to soixante: et un, et onze.
func (v *Voice) frenchRest(n int, g gender, last bool) {
	if n == 0 {
		return
	}
	if n == 1 || n == 11 {
		v.num("and")
	}
	v.frenchTens(n, g, last)
}

// spanish has hundreds of two genders, and shortens uno before what is counted.
func (v *Voice) spanish(n int, g gender) {
	if n >= 1000 {
		switch k := n / 1000; {
		case k == 1:
		case g == feminine:
			v.spanishHundreds(k, feminine, masculine) // doscientas mil libras, veintiún mil
		default:
			v.spanishHundreds(k, masculine, masculine)
		}
		v.n(1000)
		if n %= 1000; n == 0 {
			return
		}
	}
	v.spanishHundreds(n, g, g)
}

func (v *Voice) spanishHundreds(n int, hundreds, ones gender) {
	switch h := n / 100; {
	case n == 100:
		v.n(100)
		return
	case h == 1:
		v.num("100+")
	case h > 1:
		v.gendered(h*100, hundreds, "")
	}
	n0 := n
	if n %= 100; n == 0 && n0 >= 100 {
		return
	}
	if n > 30 && n%10 > 0 {
		v.n(n - n%10)
		v.num("and")
		n %= 10
	}
	if n == 1 || n == 21 {
		v.gendered(n, ones, "m")
		return
	}
	v.n(n)
}

// gendered says a word that has a form of its own for what is feminine, and
// perhaps one for what is masculine.
func (v *Voice) gendered(n int, g gender, m string) {
	text := strconv.Itoa(n)
	switch g {
	case feminine:
		text += "f"
	case masculine:
		text += m
	case alone:
	}
	v.num(text)
}

// portuguese joins with e: all parts of a hundred, and the thousands with what
// is below a hundred or whole hundreds.
func (v *Voice) portuguese(n int, g gender) {
	if n >= 1000 {
		if n >= 2000 {
			v.portugueseHundreds(n/1000, g)
		}
		v.n(1000)
		if n %= 1000; n == 0 {
			return
		}
		if n <= 100 || n%100 == 0 {
			v.num("and")
		}
	}
	v.portugueseHundreds(n, g)
}

func (v *Voice) portugueseHundreds(n int, g gender) {
	switch h := n / 100; {
	case n == 100:
		v.n(100)
		return
	case h == 1:
		v.num("100+")
	case h > 1:
		v.gendered(h*100, g, "")
	}
	if n >= 100 {
		if n %= 100; n == 0 {
			return
		}
		v.num("and")
	}
	if n > 20 && n%10 > 0 {
		v.n(n - n%10)
		v.num("and")
		n %= 10
	}
	if n == 1 || n == 2 {
		v.gendered(n, g, "")
		return
	}
	v.n(n)
}

// russianForm is the form that a number asks for: один рубль, два рубля, пять
// рублей.
func russianForm(n int) int {
	switch {
	case n%100 >= 11 && n%100 <= 14:
		return 5
	case n%10 == 1:
		return 1
	case n%10 >= 2 && n%10 <= 4:
		return 2
	default:
		return 5
	}
}

// russian counts thousands, which are feminine, as anything else.
func (v *Voice) russian(n int, g gender) {
	if k := n / 1000; k > 0 {
		v.russian(k, feminine)
		v.form("num/1000", russianForm(k))
		if n %= 1000; n == 0 {
			return
		}
	}
	if n >= 100 {
		v.n(n - n%100)
		if n %= 100; n == 0 {
			return
		}
	}
	if n >= 20 {
		v.n(n - n%10)
		if n %= 10; n == 0 {
			return
		}
	}
	if n == 1 || n == 2 {
		v.gendered(n, g, "")
		return
	}
	v.n(n)
}

// hindi has a word for each number below a hundred, and counts by hundreds of
// thousands.
func (v *Voice) hindi(n int) {
	said := false
	for _, unit := range [...]int{100_000, 1000, 100} {
		if n >= unit {
			v.n(n / unit)
			v.n(unit)
			n %= unit
			said = true
		}
	}
	if n > 0 || !said {
		v.n(n)
	}
}
