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
