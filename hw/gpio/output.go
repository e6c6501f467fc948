package gpio

import "time"

// refresh is how often an output is driven without a change, which is how a
// chip that went away is noticed.
const refresh = time.Second

// output keeps a line driven: it opens the line, drives it, and opens it again
// after it was lost. It has no goroutine; its owner calls drive.
type output struct {
	open     func() (Output, error)
	reporter reporter
	line     Output // nil while not open
	err      error  // why not
	retry    time.Duration
	retryAt  time.Time
}

// drive makes the line's level active or not, and returns when it wants to be
// called again at the latest. Afterwards err tells whether the line has that
// level.
func (o *output) drive(active bool, now time.Time) time.Time {
	if o.line == nil {
		if now.Before(o.retryAt) {
			return o.retryAt
		}
		line, err := o.open()
		if err != nil {
			return o.lost(err, now)
		}
		o.line = line
	}
	if err := o.line.Set(active); err != nil {
		return o.lost(err, now)
	}
	o.err, o.retry = nil, 0
	o.reporter.set(nil)
	return now.Add(refresh)
}

// lost gives the line up for a while.
func (o *output) lost(err error, now time.Time) time.Time {
	if o.line != nil {
		_ = o.line.Close() // it is lost: there is nothing to keep
		o.line = nil
	}
	o.err = err
	o.reporter.set(err)
	o.retry = nextRetry(o.retry)
	o.retryAt = now.Add(o.retry)
	return o.retryAt
}

// close switches off and gives the line back.
func (o *output) close() {
	if o.line == nil {
		return
	}
	if err := o.line.Set(false); err != nil {
		o.reporter.set(err)
	}
	_ = o.line.Close() // closing gives the line back whatever it returns
	o.line = nil
}

// earlier is the earlier of two times, of which the first may be zero for never.
func earlier(a, b time.Time) time.Time {
	if !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}
