package update

import (
	"strings"
	"testing"
	"time"
)

func TestParseWindow(t *testing.T) {
	for s, want := range map[string]Window{
		"":              {},
		"02:00-05:30":   {2 * time.Hour, 5*time.Hour + 30*time.Minute},
		"22:00 - 06:00": {22 * time.Hour, 6 * time.Hour},
		"00:00-24:00":   {0, 24 * time.Hour},
	} {
		got, err := ParseWindow(s)
		if err != nil || got != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
		if again, err := ParseWindow(got.String()); err != nil || again != got {
			t.Errorf("%q is written as %q", s, got)
		}
	}
	for s, want := range map[string]string{
		"02:00": "want HH:MM-HH:MM", "2-5": `"2" is no time of day`, "2:00-05:00": `"2:00" is no time`,
		"02:00-25:00": `"25:00" is no time`, "02:00-02:00": "begins when it ends", "02:00-05:00-06:00": "is no time",
	} {
		if _, err := ParseWindow(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", s, err, want)
		}
	}
}

func TestWindowOpens(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := []struct{ window, now, want string }{
		{"", "2026-05-04 12:00", "2026-05-04 12:00"},
		{"02:00-05:00", "2026-05-04 01:59", "2026-05-04 02:00"},
		{"02:00-05:00", "2026-05-04 02:00", "2026-05-04 02:00"},
		{"02:00-05:00", "2026-05-04 04:59", "2026-05-04 04:59"},
		{"02:00-05:00", "2026-05-04 05:00", "2026-05-05 02:00"},
		{"22:00-06:00", "2026-05-04 23:00", "2026-05-04 23:00"},
		{"22:00-06:00", "2026-05-04 03:00", "2026-05-04 03:00"},
		{"22:00-06:00", "2026-05-04 06:00", "2026-05-04 22:00"},
		{"00:00-24:00", "2026-05-04 13:00", "2026-05-04 13:00"},
		// The clock is put forward from 2 to 3: the window is half an hour later.
		{"02:30-05:00", "2026-03-28 23:00", "2026-03-29 03:30"},
		// And back from 3 to 2.
		{"02:30-05:00", "2026-10-25 04:00", "2026-10-25 04:00"},
		{"02:00-05:00", "2026-12-31 12:00", "2027-01-01 02:00"},
	}
	for _, tt := range tests {
		w, err := ParseWindow(tt.window)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := w.Opens(at(tt.now)), at(tt.want); !got.Equal(want) {
			t.Errorf("%q at %s opens at %v, want %v", tt.window, tt.now, got, want)
		}
	}
}
