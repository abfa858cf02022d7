package speech

import "strconv"

// east counts by ten thousands, as Korean, Japanese and Chinese do.
func (v *Voice) east(n int) {
	if n == 0 {
		v.n(0)
		return
	}
	if k := n / 10_000; k > 0 {
		switch {
		case v.language == "ko" && k == 1: // 만, not 일만
		case v.language == "zh" && k == 2:
			v.num("2l")
		default:
			v.eastBelow(k, true)
		}
		v.n(10_000)
		if n %= 10_000; n == 0 {
			return
		}
		if v.language == "zh" && n < 1000 {
			v.n(0)
		}
		v.eastBelow(n, false)
		return
	}
	v.eastBelow(n, true)
}

// eastBelow says a number below ten thousand; first says that nothing comes
// before it.
func (v *Voice) eastBelow(n int, first bool) {
	if v.language == "zh" {
		v.chineseBelow(n, first)
		return
	}
	for _, unit := range [...]int{1000, 100, 10} {
		d := n / unit
		if d == 0 {
			continue
		}
		n %= unit
		switch whole := d * unit; {
		case v.language == "ja" && v.speech.known["ja/num/"+strconv.Itoa(whole)]: // さんびゃく, はっせん
			v.n(whole)
		case d == 1:
			v.n(unit)
		default:
			v.n(d)
			v.n(unit)
		}
	}
	if n > 0 {
		v.n(n)
	}
}

// chineseBelow says 零 for what is left out within, 一 before each unit but a
// leading ten, and 两 before hundreds and thousands.
func (v *Voice) chineseBelow(n int, first bool) {
	gap := false
	for _, unit := range [...]int{1000, 100, 10} {
		d := n / unit
		n %= unit
		if d == 0 {
			gap = !first
			continue
		}
		if gap && !first && !v.saidZero() {
			v.n(0)
		}
		switch {
		case d == 2 && unit > 10:
			v.num("2l")
		case d > 1 || unit > 10 || !first:
			v.n(d)
		}
		v.n(unit)
		first, gap = false, false
	}
	if n > 0 {
		if gap && !v.saidZero() {
			v.n(0)
		}
		v.n(n)
	}
}

func (v *Voice) saidZero() bool {
	return len(v.words) > 0 && v.words[len(v.words)-1] == v.language+"/num/0"
}

// yuan says coins of ten and of one: 十二元五角.
func (v *Voice) yuan(whole, minor int) {
	if whole > 0 {
		v.things(whole, "money/CNY", masculine)
	}
	if minor >= 10 {
		v.things(minor/10, "money/CNY/dime", masculine)
	} else if whole > 0 {
		v.n(0)
	}
	if minor%10 > 0 {
		v.things(minor%10, "money/CNY/minor", masculine)
	}
}

// japaneseTens says a number if it is one.
func (v *Voice) japaneseTens(n int) {
	if n > 0 {
		v.east(n)
	}
}

// japaneseMinutes: いっぷん, にふん, さんぷん; the last part of the number melts
// with the word.
func (v *Voice) japaneseMinutes(n int) {
	minute := func(k int) { v.Say("minute/" + strconv.Itoa(k)) }
	switch {
	case n%10 > 0 || n == 0:
		v.japaneseTens(n - n%10)
		minute(n % 10)
	case n%100 > 0:
		v.japaneseTens(n - n%100)
		if d := n % 100 / 10; d > 1 {
			v.n(d)
		}
		minute(10)
	case n%1000 > 0:
		v.japaneseTens(n - n%1000)
		h := n % 1000
		if v.speech.known["ja/minute/"+strconv.Itoa(h)] {
			minute(h)
			return
		}
		v.n(h / 100)
		minute(100)
	default:
		v.east(n)
		minute(1000)
	}
}
