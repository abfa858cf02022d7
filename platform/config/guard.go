package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/money"
)

// Guard is when finished calls look like fraud, and how fast calls that cost may
// follow each other until the operator says otherwise on the page Limits.
type Guard struct {
	WangiriSeconds   string `yaml:"wangiri_seconds"`
	WangiriCalls     string `yaml:"wangiri_calls"`
	WangiriMembers   string `yaml:"wangiri_members"`
	BoxCalls         string `yaml:"sim_box_calls"`
	BoxHours         string `yaml:"sim_box_hours"`
	BoxMinutes       string `yaml:"sim_box_minutes"`
	PumpingCalls     string `yaml:"pumping_calls"`
	PumpingAccounts  string `yaml:"pumping_accounts"`
	PumpingMinutes   string `yaml:"pumping_minutes"`
	PumpingPrice     string `yaml:"pumping_price"`
	SpikeTimes       string `yaml:"spike_times"`
	SpikeAmount      string `yaml:"spike_amount"`
	PaceMinute       string `yaml:"pace_minute"`
	PaceHour         string `yaml:"pace_hour"`
	PaceDestinations string `yaml:"pace_destinations"`
	PaceShort        string `yaml:"pace_short"`
	PaceShortBelow   string `yaml:"pace_short_below"`
	PaceStop         string `yaml:"pace_stop"`
	TelephoneCalls   string `yaml:"telephone_calls"`
	AccountCalls     string `yaml:"account_calls"`
}

// guardField is one of its keys.
type guardField struct {
	key         string
	at          *string
	usual       int // -1: an amount, which depends on the currency
	least, most int // of a number
	text        string
}

func (g *Guard) fields() []guardField {
	d, p := guard.DefaultThresholds(money.Micros), guard.DefaultPace()
	minutes := func(d time.Duration) int { return int(d / time.Minute) }
	const pace = " Until the operator sets another on the page Limits; 0: no limit."
	return []guardField{
		{"wangiri_seconds", &g.WangiriSeconds, int(d.RingMost / time.Second), 1, 60, "A call that rings for less counts as one that wants to be called back (alert wangiri)."},
		{"wangiri_calls", &g.WangiriCalls, d.RingCalls, 2, 100_000, "So many of them from one range of numbers, and"},
		{"wangiri_members", &g.WangiriMembers, d.RingPeople, 1, 500, "to so many members, raise the alert."},
		{"sim_box_calls", &g.BoxCalls, d.BoxCalls, 2, 100_000, "So many calls of an account to ever new mobile numbers (alert sim_box),"},
		{"sim_box_hours", &g.BoxHours, d.BoxHours, 1, 24, "in so many of the last 24 hours,"},
		{"sim_box_minutes", &g.BoxMinutes, minutes(d.BoxTalk), 1, 240, "that last so many minutes at most on average."},
		{"pumping_calls", &g.PumpingCalls, d.PumpCalls, 2, 100_000, "So many calls to one range of numbers (alert pumping),"},
		{"pumping_accounts", &g.PumpingAccounts, d.PumpPeople, 1, 500, "of so many accounts,"},
		{"pumping_minutes", &g.PumpingMinutes, minutes(d.PumpTalk), 1, 240, "that last so many minutes at least on average,"},
		{"pumping_price", &g.PumpingPrice, -1, 0, 0, "at so much a minute or more, in the currency of the house. Empty: about 0.10 US dollars."},
		{"spike_times", &g.SpikeTimes, int(d.SpikeTimes), 1, 1000, "A day costs an account so many times the dearest of its last thirty (alert spike),"},
		{"spike_amount", &g.SpikeAmount, -1, 0, 0, "and at least so much; twice that, if it never spent anything. Empty: about 25 US dollars."},
		{"pace_minute", &g.PaceMinute, p.Minute, 0, 10_000, "Calls that cost an account may try in a minute: further ones wait, and beyond twice as many they are stopped." + pace},
		{"pace_hour", &g.PaceHour, p.Hour, 0, 100_000, "And in an hour: beyond it they are stopped." + pace},
		{"pace_destinations", &g.PaceDestinations, p.Destinations, 0, 4096, "Different numbers in an hour." + pace},
		{"pace_short", &g.PaceShort, p.Short, 0, 100_000, "Short calls in an hour, if they are most of those answered." + pace},
		{"pace_short_below", &g.PaceShortBelow, p.ShortBelow, 0, 300, "Calls of less than so many seconds are short."},
		{"pace_stop", &g.PaceStop, p.Stop, 0, 7 * 24 * 60, "Minutes for which calls are stopped."},
		{telephoneCalls, &g.TelephoneCalls, 100, 0, 100_000, "Calls that one telephone may have at once, also those that cost nothing; emergency calls are never refused for it. A company's telephone system that registers as one telephone may need more. 0: no limit, as in callisto dev."},
		{accountCalls, &g.AccountCalls, 500, 0, 1_000_000, "The same of all telephones of an account together. 0: no limit, as in callisto dev."},
	}
}

// Keys that are asked for by themselves.
const (
	telephoneCalls = "telephone_calls"
	accountCalls   = "account_calls"
)

// Together is how many calls one telephone may have at once, and all those of one
// account; 0: any number.
func (c *Config) Together() (telephone, account int) {
	for _, f := range c.Guard.fields() {
		switch f.key {
		case telephoneCalls:
			telephone = f.number()
		case accountCalls:
			account = f.number()
		}
	}
	return telephone, account
}

// guardSettings document its keys.
func guardSettings() []Setting {
	var out []Setting
	for _, f := range new(Guard).fields() {
		s := Setting{Key: "guard." + f.key, Env: "CALLISTO_GUARD_" + strings.ToUpper(f.key), Text: f.text}
		if f.usual >= 0 {
			s.Default = strconv.Itoa(f.usual)
		}
		out = append(out, s)
	}
	return out
}

// number is a key that was checked; what is not set is as usual.
func (f *guardField) number() int {
	if n, err := strconv.Atoi(*f.at); err == nil {
		return n
	}
	return f.usual
}

func (g *Guard) check() error {
	for _, f := range g.fields() {
		if *f.at == "" {
			continue
		}
		if f.usual < 0 {
			if n, err := money.ParseMicros(*f.at); err != nil || n <= 0 {
				return fmt.Errorf("guard.%s: %q is no amount above zero like 0.10", f.key, *f.at)
			}
			continue
		}
		if n, err := strconv.Atoi(*f.at); err != nil || n < f.least || n > f.most {
			return fmt.Errorf("guard.%s: %q is no number from %d to %d", f.key, *f.at, f.least, f.most)
		}
	}
	return nil
}

// Thresholds are when something looks like fraud in a house of a currency.
func (g *Guard) Thresholds(c money.Currency) guard.Thresholds {
	n, d := map[string]int{}, guard.UsualThresholds(c)
	for _, f := range g.fields() {
		n[f.key] = f.number()
	}
	if price, err := money.ParseMicros(g.PumpingPrice); err == nil && price > 0 {
		d.PumpMinute = price
	}
	if amount, err := money.ParseMicros(g.SpikeAmount); err == nil && amount > 0 {
		d.SpikeFloor = amount
	}
	d.RingMost, d.RingCalls, d.RingPeople = time.Duration(n["wangiri_seconds"])*time.Second, n["wangiri_calls"], n["wangiri_members"]
	d.BoxCalls, d.BoxHours, d.BoxTalk = n["sim_box_calls"], n["sim_box_hours"], time.Duration(n["sim_box_minutes"])*time.Minute
	d.PumpCalls, d.PumpPeople, d.PumpTalk = n["pumping_calls"], n["pumping_accounts"], time.Duration(n["pumping_minutes"])*time.Minute
	d.SpikeTimes = int64(n["spike_times"])
	return d
}

// Pace is how fast calls may follow each other.
func (g *Guard) Pace() guard.Pace {
	n := map[string]int{}
	for _, f := range g.fields() {
		n[f.key] = f.number()
	}
	return guard.Pace{Minute: n["pace_minute"], Hour: n["pace_hour"], Destinations: n["pace_destinations"], Short: n["pace_short"], ShortBelow: n["pace_short_below"], Stop: n["pace_stop"]}
}
