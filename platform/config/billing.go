package config

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/billing"
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
func (b *Billing) Steps() billing.Steps {
	steps := billing.UsualSteps()
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

// Accounting is how the book is exported.
type Accounting struct {
	Chart      string `yaml:"chart"`
	Accounts   string `yaml:"accounts"`
	Year       string `yaml:"year_begins"`
	Consultant string `yaml:"datev_consultant"`
	Client     string `yaml:"datev_client"`
}

// Begins is the first day of the financial year.
func (a *Accounting) Begins() (time.Month, int) {
	t, err := time.Parse("01-02", a.Year)
	if err != nil {
		return time.January, 1
	}
	return t.Month(), t.Day()
}

// ChartOf is the chart of accounts.
func (a *Accounting) ChartOf() (accounting.Chart, error) {
	return accounting.ReadChart(cmp.Or(a.Chart, "skr03"), a.Accounts)
}

// Datev is the numbers of the consultant and the client; 0: not set.
func (a *Accounting) Datev() (consultant, client int) {
	consultant, _ = strconv.Atoi(a.Consultant) // they were checked
	client, _ = strconv.Atoi(a.Client)
	return consultant, client
}

func (a *Accounting) check() error {
	if _, err := a.ChartOf(); err != nil {
		return fmt.Errorf("accounting: %w", err)
	}
	if _, err := time.Parse("01-02", a.Year); a.Year != "" && (err != nil || a.Year == "02-29") {
		return fmt.Errorf("accounting.year_begins: %q is no day like 01-01", a.Year)
	}
	if n, err := strconv.Atoi(a.Consultant); a.Consultant != "" && (err != nil || n < 1001 || n > 9_999_999) {
		return fmt.Errorf("accounting.datev_consultant: %q is no number from 1001 to 9999999", a.Consultant)
	}
	if n, err := strconv.Atoi(a.Client); a.Client != "" && (err != nil || n < 1 || n > 99_999) {
		return fmt.Errorf("accounting.datev_client: %q is no number from 1 to 99999", a.Client)
	}
	return nil
}
