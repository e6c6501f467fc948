// Package v4l2test is a simulated kernel with cameras, stateful encoders and
// decoders, at the seam of package v4l2. It is for errors that no driver gives
// on demand.
//
// It honours the kernel's contract: a queue goes from requested buffers over
// streaming to freed, S_FMT is EBUSY while buffers exist, a buffer that is
// queued cannot be queued again, nothing done is EAGAIN, a stopped queue gives
// every buffer back, LAST is followed by EPIPE, an imported dma-buf has to be
// large enough, a device that is gone is ENODEV, and memory lives until the
// last mapping and the last descriptor of it are gone. Unmapped memory is
// overwritten, so that whoever still reads it is found out.
//
// Devices run in the time of package time, so they may stand in a
// testing/synctest bubble. No goroutine is started.
package v4l2test
