// Package rpicam runs rpicam-vid, which is how CSI cameras give pictures on
// current Raspberry Pi systems, as a child process.
//
// It guarantees that [Child.Close] ends the child, first by SIGINT, and after
// StopTimeout by SIGKILL, and waits for it; and that an error of reading tells
// what the child said last.
package rpicam
