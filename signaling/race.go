package signaling

import (
	"context"
	"net"
	"time"
)

// race dials at each of the starts, counted from now, until one connects. The
// others are given up, and have ended when it returns. Without success the error
// is that of the last one to fail.
func race(ctx context.Context, starts []time.Duration, dial func(context.Context) (net.Conn, error)) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result)
	for _, start := range starts {
		go func() {
			timer := time.NewTimer(start)
			defer timer.Stop()
			select {
			case <-timer.C:
				conn, err := dial(ctx)
				results <- result{conn, err}
			case <-ctx.Done():
				results <- result{nil, ctx.Err()}
			}
		}()
	}
	var won net.Conn
	var failed error
	for range starts {
		switch r := <-results; {
		case r.err != nil && failed == nil, r.err != nil && ctx.Err() == nil:
			failed = r.err
		case r.err != nil:
		case won == nil:
			won = r.conn
			cancel()
		default:
			r.conn.Close()
		}
	}
	if won != nil {
		return won, nil
	}
	return nil, failed
}
