package terminal

// Ended is how many sessions are remembered to have ended.
func (p *Passes) Ended() int { return len(p.ended) }
