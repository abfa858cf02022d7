package provision

import (
	"fmt"
	"strings"
	"time"
)

// clock is a time zone as telephones have to be told: how far from UTC, and
// between which days of the year it is put forward.
type clock struct {
	offset time.Duration // in winter
	save   time.Duration // more in summer; 0: there is none
	begins turn          // by winter's clock
	ends   turn          // by summer's clock
}

// turn is when a clock is turned: the week-th weekday of a month, 5 being the last.
type turn struct {
	month   time.Month
	week    int
	weekday time.Weekday
	hour    int
}

// clockOf reads a zone's rules off a year: its two turns, if it has two.
func clockOf(zone *time.Location, now time.Time) clock {
	if zone == nil {
		zone = time.UTC
	}
	offset := func(t time.Time) time.Duration {
		_, s := t.In(zone).Zone()
		return time.Duration(s) * time.Second
	}
	first := time.Date(now.UTC().Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	type change struct {
		at       time.Time // UTC
		from, to time.Duration
	}
	var turns []change
	for t := first; t.Year() == first.Year(); t = t.Add(time.Hour) {
		if a, b := offset(t.Add(-time.Hour)), offset(t); a != b {
			turns = append(turns, change{t, a, b})
		}
	}
	if len(turns) != 2 || turns[0].from != turns[1].to || turns[0].to != turns[1].from {
		return clock{offset: offset(now)}
	}
	up, down := turns[0], turns[1]
	if up.to < up.from { // south of the equator summer goes over the new year
		up, down = down, up
	}
	return clock{offset: up.from, save: up.to - up.from, begins: turnAt(up.at.Add(up.from)), ends: turnAt(down.at.Add(down.from))}
}

// turnAt reads the rule from one day it was at: a wall clock, written as UTC.
func turnAt(t time.Time) turn {
	week := (t.Day()-1)/7 + 1
	if t.AddDate(0, 0, 7).Month() != t.Month() {
		week = 5
	}
	return turn{t.Month(), week, t.Weekday(), t.Hour()}
}

// posix writes the zone as POSIX does (IEEE 1003.1 §8.3): UTC+9 is <+09>-9.
// Telephones know only letters as names.
func (c clock) posix() string {
	west := func(d time.Duration) string {
		sign := "-"
		if d < 0 {
			sign, d = "+", -d
		}
		s := sign + fmt.Sprint(int(d.Hours()))
		if m := int(d.Minutes()) % 60; m != 0 {
			s += fmt.Sprintf(":%02d", m)
		}
		return s
	}
	if c.save == 0 {
		return "LTZ" + west(c.offset)
	}
	rule := func(t turn) string { return fmt.Sprintf(",M%d.%d.%d/%d", t.month, t.week, t.weekday, t.hour) }
	return "LTZ" + west(c.offset) + "LDT" + west(c.offset+c.save) + rule(c.begins) + rule(c.ends)
}

// hours is the offset as +9 or -3:30.
func (c clock) hours() string {
	d, sign := c.offset, "+"
	if d < 0 {
		d, sign = -d, "-"
	}
	s := sign + fmt.Sprint(int(d.Hours()))
	if m := int(d.Minutes()) % 60; m != 0 {
		s += fmt.Sprintf(":%02d", m)
	}
	return s
}

// iso is a weekday counted from Monday, 1, to Sunday, 7.
func iso(d time.Weekday) int { return (int(d)+6)%7 + 1 }

// lines joins settings.
func lines(list []string) string { return strings.Join(list, "\n") + "\n" }
