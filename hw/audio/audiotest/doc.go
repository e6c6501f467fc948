// Package audiotest helps tests that listen: [ToneLevel] measures how loud a
// known tone is in captured sound, so that a test proves audible audio and not
// only that packets arrived.
//
// It guarantees that the level does not depend on the phase of the tone or on
// the number of samples.
package audiotest
