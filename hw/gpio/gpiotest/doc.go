// Package gpiotest has a button that tests press, and a board whose lines and
// keys tests move and read.
//
// [Button] guarantees what [gpio.Source] promises, without the debouncing:
// every Press is reported, one at a time, and Run returns nil on cancel.
//
// [Board] guarantees what [gpio.Board] promises: a line is held by one at a
// time, an output is inactive when it was opened, Wait ends with its context,
// and a line that was broken is lost to who holds it. It never filters edges,
// so that debouncing is the business of who asks. It needs no real time and
// may be used in a bubble of testing/synctest.
package gpiotest
