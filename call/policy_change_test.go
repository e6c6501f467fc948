package call_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// Sessions keep the intervals they were made with; later ones have the new.
func TestSetPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.join(101, "a")
		ring := func(user call.UserID) *call.Session {
			s, err := a.NewSession([]call.UserID{user}, call.Audio, call.SessionOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Call(nil); err != nil {
				t.Fatal(err)
			}
			return s
		}
		before := ring(102) // nobody is there
		for wrong, p := range map[string]call.Config{
			"incoming_limit": {IncomingLimit: -1}, "answer_time_interval": {AnswerTimeInterval: time.Second, DialingTimeInterval: 2 * time.Second},
		} {
			if err := a.SetPolicy(p); err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("error %v, want one about %s", err, wrong)
			}
		}
		if err := a.SetPolicy(call.Config{Self: 7, AnswerTimeInterval: 20 * time.Second}); err != nil {
			t.Fatal(err)
		}
		after := ring(103)
		for _, step := range []struct {
			pass          time.Duration
			before, after bool // whether it is over
		}{{19 * time.Second, false, false}, {2 * time.Second, false, true}, {40 * time.Second, true, true}} {
			time.Sleep(step.pass)
			synctest.Wait()
			for name, c := range map[string]struct {
				s    *call.Session
				over bool
			}{"before": {before, step.before}, "after": {after, step.after}} {
				if over := c.s.State() == call.StateClosed; over != c.over {
					t.Errorf("%s: over: %t, want %t", name, over, c.over)
				}
			}
		}
	})
}

func TestSetPolicyAfterRun(t *testing.T) {
	var c *call.Client
	synctest.Test(t, func(t *testing.T) { c = newWorld(t).join(101, "a").Client })
	if err := c.SetPolicy(call.Config{}); !errors.Is(err, call.ErrClosed) {
		t.Errorf("error %v, want %v", err, call.ErrClosed)
	}
}
