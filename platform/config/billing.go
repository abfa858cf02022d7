package config

import (
	"fmt"
	"strconv"
)

// Billing is how members on credit are asked for their money.
type Billing struct {
	Reminder   string `yaml:"reminder_days"`
	Last       string `yaml:"last_reminder_days"`
	Suspension string `yaml:"suspension_days"`
}

// mostDays is how late a step may be.
const mostDays = 365

// Steps are the days after the last one for paying.
func (b *Billing) Steps() [3]int {
	steps := [3]int{3, 10, 17}
	for i, text := range []string{b.Reminder, b.Last, b.Suspension} {
		if n, err := strconv.Atoi(text); err == nil {
			steps[i] = n
		}
	}
	return steps
}

func (b *Billing) check() error {
	for name, text := range map[string]string{"reminder_days": b.Reminder, "last_reminder_days": b.Last, "suspension_days": b.Suspension} {
		if n, err := strconv.Atoi(text); text != "" && (err != nil || n < 0 || n > mostDays) {
			return fmt.Errorf("billing.%s: %q is no number of days from 0 to %d", name, text, mostDays)
		}
	}
	if s := b.Steps(); s[0] >= s[1] || s[1] >= s[2] {
		return fmt.Errorf("billing: the reminder after %d days, the last after %d and the suspension after %d have to come one after the other", s[0], s[1], s[2])
	}
	return nil
}
