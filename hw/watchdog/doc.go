// Package watchdog keeps a board's watchdog timer: a device that resets the
// board when nobody has fed it for a while (the kernel's
// Documentation/watchdog/watchdog-api.rst). [Open] starts it, [Timer.Feed]
// winds it up again, [Timer.Disarm] stops it.
//
// The package guarantees: a timer that was opened is stopped by [Timer.Disarm]
// only; everything else, [Timer.Abandon] and the death of the process included,
// leaves it ticking; a timer that cannot be used is stopped before [Open]
// reports so; no goroutine is started.
//
// It does not guarantee that Disarm stops every timer: a driver that was loaded
// with nowayout=1 ticks on whatever it is told.
package watchdog
