// Package picture reads raw pictures as drivers lay them out in memory, turns
// them, makes them smaller and writes them as I420.
//
// It guarantees that a buffer shorter than its layout says is an error, and
// that nothing is written outside the destination.
package picture
