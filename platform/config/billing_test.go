package config

import "testing"

// TestRemindersComeOneAfterTheOther: what cannot be meant is refused.
func TestRemindersComeOneAfterTheOther(t *testing.T) {
	for in, ok := range map[Billing]bool{
		{}: true, {"1", "2", "3"}: true, {"0", "14", "365"}: true, {"", "20", "30"}: true,
		{"x", "2", "3"}: false, {"-1", "2", "3"}: false, {"1", "2", "366"}: false, {"3", "3", "4"}: false, {"18", "", ""}: false,
	} {
		if err := in.check(); (err == nil) != ok {
			t.Errorf("%v: %v", in, err)
		}
	}
	if got := (&Billing{Last: "12"}).Steps(); got != [3]int{3, 12, 17} {
		t.Error(got)
	}
}

// TestAccountingIsRead: charts, days and numbers that cannot be meant are refused.
func TestAccountingIsRead(t *testing.T) {
	for in, ok := range map[Accounting]bool{
		{}: true, {Chart: "skr04", Accounts: "wallet=3501, revenue:calls=4410", Year: "07-01", Consultant: "29098", Client: "55003"}: true,
		{Chart: "skr99"}: false, {Accounts: "wallet"}: false, {Accounts: "wallet=12x"}: false, {Year: "1.7."}: false, {Year: "02-29"}: false, {Consultant: "12"}: false, {Client: "0"}: false,
	} {
		if err := in.check(); (err == nil) != ok {
			t.Errorf("%v: %v", in, err)
		}
	}
	a := Accounting{Year: "07-01", Accounts: "revenue:calls=8201"}
	chart, err := a.ChartOf()
	if m, d := a.Begins(); m != 7 || d != 1 || err != nil || chart.Of("revenue:calls:EUR:07") != "8201" || chart.Of("revenue:numbers:EUR:01") != "8200" || chart.Of("odd:x") != "" {
		t.Errorf("%v %d %v", m, d, chart)
	}
}
