// Package gpiotest has a button that tests press.
//
// It guarantees what [gpio.Source] promises, without the debouncing: every
// Press is reported, one at a time, and Run returns nil on cancel.
package gpiotest
