// Package gpio holds the buttons. A [Source] reports presses; [Debouncer] is
// the rule by which contact bounce and hasty fingers count once; [NewTerminal]
// makes the Enter key of a terminal a button.
//
// The package guarantees: Run blocks, calls its function from one goroutine
// only, and returns nil when its context is cancelled, leaving no goroutine
// behind and the terminal as it was; two presses of one button that are
// reported are at least [DebounceTime] apart.
package gpio
