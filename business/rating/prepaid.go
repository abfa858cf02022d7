package rating

import "time"

// Steps are the seconds that a call of a length is charged: in whole steps, those
// that cost nothing not counted.
func (q *Quote) Steps(answer time.Time, d time.Duration) int64 {
	_, charged := q.cost(answer, seconds(d), 0, nil)
	return charged
}

// Used are the seconds that a package pays for of a call that lasted so long and
// for which so many were held: in the steps of the price, and never more than
// those.
func (q *Quote) Used(answer time.Time, d time.Duration, held int64) int64 {
	return min(q.Steps(answer, d), held)
}

// Draw says how many seconds of a package are held for a call besides those that
// are: as many as it lasts for so long in whole steps, but of what there is only
// a part, a third if that is 3, and some in any case, so that there are some for
// other calls.
func (q *Quote) Draw(answer time.Time, held, available int64, chunk, fair time.Duration, part int64) int64 {
	band, _ := q.at(answer)
	free := int64(q.Prices[band].Free)
	whole := func(secs int64) int64 { return q.Steps(answer, time.Duration(free+held+secs)*time.Second) - held }
	most := int64(chunk / time.Second)
	share := max(available/part, int64(fair/time.Second), 1)
	return max(0, min(whole(min(most, share)), available))
}

// Lasts is how long a call can last on seconds that are held alone.
func (q *Quote) Lasts(answer time.Time, held int64) time.Duration {
	band, _ := q.at(answer)
	return min(MaxCall, time.Duration(int64(q.Prices[band].Free)+held)*time.Second)
}

// Costs reports whether a call that is answered at an instant costs something
// from its beginning: of one that does not, a package has nothing to pay for.
func (q *Quote) Costs(answer time.Time) bool {
	p, _ := q.Now(answer)
	return p.Minute > 0
}
