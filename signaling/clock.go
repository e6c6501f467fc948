package signaling

import (
	"fmt"
	"time"
)

// clockError is a wall clock that nobody has set yet. Boards without a battery
// start in 1970, and no certificate was valid then.
type clockError struct{ shows time.Time }

func (e *clockError) Error() string {
	return fmt.Sprintf("waiting for the clock: it shows %s", e.shows.UTC().Format(time.DateOnly))
}

// checkClock returns a *clockError when now is before this program was written.
func checkClock(now time.Time) error {
	if now.Before(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)) {
		return &clockError{shows: now}
	}
	return nil
}
