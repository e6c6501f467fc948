// Package pace lets simulated devices run in real time.
//
// It guarantees that a wait ends at once when the device closes, and that no
// timer outlives it.
package pace

import "time"

// Until waits until t. It returns false, without waiting longer, when done is
// or becomes closed. A time that has passed is no wait.
func Until(done <-chan struct{}, t time.Time) bool {
	select {
	case <-done:
		return false
	default:
	}
	d := time.Until(t)
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return false
	case <-timer.C:
		return true
	}
}
