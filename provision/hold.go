package provision

import "time"

// How long a button is held at power-up, counted from the start of setup, which
// is some seconds after the power.
const (
	PairHold  = 3 * time.Second  // at least, for a QR code
	ResetHold = 10 * time.Second // at least, for a factory reset
	StuckHold = 30 * time.Second // more is a broken button
)

// PairTime is how long the device then looks for a QR code.
const PairTime = 2 * time.Minute

// Hold is what holding a button at power-up asks for.
type Hold string

// What a button can ask for.
const (
	HoldNothing Hold = "nothing"
	HoldPair    Hold = "pair"
	HoldReset   Hold = "reset"
	HoldStuck   Hold = "stuck" // nothing, and somebody should look at the button
)

// HoldOf says what it means that a button was let go after d, or is still held
// then.
//
//	0 ── nothing ── PairHold ── pair ── ResetHold ── reset ── StuckHold ── stuck
func HoldOf(d time.Duration) Hold {
	switch {
	case d < PairHold:
		return HoldNothing
	case d < ResetHold:
		return HoldPair
	case d <= StuckHold:
		return HoldReset
	}
	return HoldStuck
}
