package rtp

import "time"

// impairment is what a codec costs, and how well it stands lost packets: Ie and
// Bpl of ITU-T G.113 Appendix I.
type impairment struct{ ie, bpl float64 }

// impairmentOf is that of a codec. With G.711 the receiver is taken to conceal
// losses, as all do. For wideband codecs the narrow-band scale is kept, and what
// it has no figures for is taken like G.711.
func impairmentOf(codec string) impairment {
	switch codec {
	case "G729":
		return impairment{11, 19}
	case "G723":
		return impairment{15, 16.1}
	case "GSM":
		return impairment{20, 43}
	case "AMR", "GSM-EFR":
		return impairment{5, 10}
	default:
		return impairment{0, 25.1}
	}
}

// MOS estimates what people would say of sound, in hundredths from 100 to 450:
// the E-model of ITU-T G.107 with its default values, so that what is left is
//
//	R   = 93.2 - Id - Ie,eff
//	Id  = 0.024 d + 0.11 (d - 177.3) H(d - 177.3), d the delay one way in ms
//	Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl), Ppl in percent
//	MOS = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6
//
// Echo, noise and loudness are not in it: nobody here hears them.
func MOS(codec string, loss, burst float64, delay time.Duration) int {
	x := impairmentOf(codec)
	ppl := 100 * loss
	r := 93.2 - x.ie - (95-x.ie)*ppl/(ppl/max(1, burst)+x.bpl)
	d := float64(delay) / float64(time.Millisecond)
	r -= 0.024 * d
	if d > 177.3 {
		r -= 0.11 * (d - 177.3)
	}
	switch {
	case r <= 0:
		return 100
	case r >= 100:
		return 450
	}
	// Near 0 the curve dips below 1 (ITU-T G.107 §B.4).
	return max(100, int(100*(1+0.035*r+r*(r-60)*(100-r)*7e-6)+0.5))
}
