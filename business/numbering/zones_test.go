package numbering

import (
	"slices"
	"testing"
)

func TestZones(t *testing.T) {
	p := load(t)
	for number, want := range map[[2]string]string{{"82", "25551234"}: "Asia/Seoul", {"1", "3125550142"}: "America/Chicago", {"49", "30901820"}: "Europe/Berlin", {"1", "7000001"}: "America/New_York"} {
		if got := p.Zones(number[0], number[1]); !slices.Contains(got, want) || number[1] == "25551234" && len(got) != 1 {
			t.Errorf("%v: %v", number, got)
		}
	}
	if got := p.Zones("883", "5100012345"); len(got) != 0 {
		t.Errorf("a number of no country is in %v", got)
	}
}
