package signaling

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestQueueWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		waiting := func() chan error {
			c := make(chan error, 1)
			go func() { c <- q.wait(t.Context()) }()
			synctest.Wait()
			return c
		}
		pending := func(c chan error) bool {
			synctest.Wait()
			return len(c) == 0
		}
		if c := waiting(); pending(c) {
			t.Error("an empty queue makes wait")
		}
		q.put(time.Now(), signal("accept a 1"))
		c := waiting()
		it, ok, _ := q.next(time.Now())
		if !ok || !pending(c) {
			t.Errorf("next %v, wait is over %v while the signal is being written", ok, !pending(c))
		}
		q.done(it, false)
		if !pending(c) || q.len() != 1 {
			t.Errorf("a signal that was not sent is gone: %d queued", q.len())
		}
		it, _, _ = q.next(time.Now())
		q.done(it, true)
		if pending(c) || q.len() != 0 {
			t.Errorf("wait goes on after the last signal was sent, %d queued", q.len())
		}
	})
}

func TestQueueWaitEndsWhenTheRestExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.put(time.Now(), signal("accept a 1"))
		c := make(chan error, 1)
		go func() { c <- q.wait(t.Context()) }()
		time.Sleep(shortLife)
		if _, ok, gone := q.next(time.Now()); ok || len(gone) != 1 {
			t.Errorf("next %v, %d gone", ok, len(gone))
		}
		if err := <-c; err != nil {
			t.Errorf("wait: %v", err)
		}
	})
}

func TestQueueWaitIsBoundByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.put(time.Now(), signal("hangUp a 1"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || err.Error() != "flush signals: 1 not sent: context deadline exceeded" {
			t.Errorf("wait: %v", err)
		}
	})
}
