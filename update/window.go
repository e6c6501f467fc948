package update

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Window is the time of day in which the device may restart into an update.
// The zero value is any time.
type Window struct {
	From, To time.Duration // since midnight, local time; From after To spans midnight
}

// ParseWindow reads "HH:MM-HH:MM"; "" is the zero value.
func ParseWindow(s string) (Window, error) {
	if s == "" {
		return Window{}, nil
	}
	from, to, found := strings.Cut(s, "-")
	if !found {
		return Window{}, fmt.Errorf("read window %q: want HH:MM-HH:MM", s)
	}
	a, errA := clock(from)
	b, errB := clock(to)
	if err := errors.Join(errA, errB); err != nil {
		return Window{}, fmt.Errorf("read window %q: %w", s, err)
	}
	if a == b {
		return Window{}, fmt.Errorf("read window %q: it begins when it ends", s)
	}
	return Window{From: a, To: b}, nil
}

// clock reads "HH:MM", 00:00 to 24:00.
func clock(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, fmt.Errorf("%q is no time of day like 02:30", s)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

func (w Window) String() string {
	if w == (Window{}) {
		return ""
	}
	return clockText(w.From) + "-" + clockText(w.To)
}

func clockText(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// Opens returns when the window is next open: now itself while it is.
func (w Window) Opens(now time.Time) time.Time {
	if w == (Window{}) {
		return now
	}
	opens := time.Time{}
	for day := -1; day <= 2; day++ {
		from, to := w.on(now, day)
		if !now.Before(to) {
			continue
		}
		if now.Before(from) {
			opens = from
		} else {
			opens = now
		}
		break
	}
	return opens
}

// on is the window that begins days after now's day. Building both ends as wall
// clock times keeps them right on the days when the clock is changed.
func (w Window) on(now time.Time, days int) (from, to time.Time) {
	end := days
	if w.To <= w.From {
		end++
	}
	return wallClock(now, days, w.From), wallClock(now, end, w.To)
}

func wallClock(now time.Time, days int, d time.Duration) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()+days, 0, int(d.Minutes()), 0, 0, now.Location())
}
