package signaling

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// ping asks for as long as a watchdog would.
func ping(t *testing.T, l *Link) (time.Duration, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	began := time.Now()
	err := l.Ping(ctx)
	return time.Since(began), err
}

func wantPing(t *testing.T, why string, l *Link) {
	t.Helper()
	if took, err := ping(t, l); err != nil || took > askAgain {
		t.Errorf("%s: %v after %v, want an answer", why, err, took)
	}
}

func wantNoPing(t *testing.T, why string, l *Link) {
	t.Helper()
	if took, err := ping(t, l); !errors.Is(err, context.DeadlineExceeded) || took != 5*time.Second {
		t.Errorf("%s: %v after %v, want no answer", why, err, took)
	}
}

func TestPingWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		idle, err := New(testConfig(s), testCodec{}, (&logbook{}).logger())
		if err != nil {
			t.Fatal(err)
		}
		wantNoPing(t, "not running", idle)
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		wantPing(t, "online", c.Link)
		s.setStreamError("system-shutdown")
		p.conn.Close()
		c.wantState(false)
		time.Sleep(10 * time.Millisecond)
		for range 100 { // attempts and the waits between them
			wantPing(t, "offline", c.Link)
			time.Sleep(100 * time.Millisecond)
		}
		c.stop()
		wantNoPing(t, "ended", c.Link)
	})
}

// TestPingWhileTheServerHangs wants no board to be reset because of a server.
func TestPingWhileTheServerHangs(t *testing.T) {
	for _, phase := range []string{"connect", "features", "challenge", "success", "bind", "presence", "online, not reading"} {
		t.Run(phase, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, NoTLS)
				s.silent = phase
				c := start(t, testConfig(s))
				if strings.HasPrefix(phase, "online") {
					s.login()
					c.wantState(true)
					c.Send(hangUp("stuck"))
				}
				for range 60 {
					wantPing(t, phase, c.Link)
					time.Sleep(time.Second)
				}
			})
		})
	}
}

// TestPingOfALoopThatIsStuck has what the loop calls never return.
func TestPingOfALoopThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		l, err := New(testConfig(s), testCodec{}, (&logbook{}).logger())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stuck, done := make(chan struct{}), make(chan error, 1)
		go func() { done <- l.Run(ctx, func(call.Signal) {}, func(State) { <-stuck }) }()
		s.login()
		synctest.Wait()
		wantNoPing(t, "stuck", l)
		close(stuck)
		synctest.Wait()
		wantPing(t, "loose again", l)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestPingOfAWaitThatIsOverdue wants no wait to count for longer than its bound.
func TestPingOfAWaitThatIsOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Link{pulse: newPulse()}
		l.pulse.waits(time.Second)
		wantPing(t, "in time", l)
		time.Sleep(time.Second)
		wantNoPing(t, "overdue", l)
	})
}
