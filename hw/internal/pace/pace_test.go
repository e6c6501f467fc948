package pace

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestUntil(t *testing.T) {
	tests := []struct {
		name       string
		wait       time.Duration
		closeAfter time.Duration // negative: never
		want       bool
		wantTook   time.Duration
	}{
		{"future", time.Second, -1, true, time.Second},
		{"now", 0, -1, true, 0},
		{"past", -time.Hour, -1, true, 0},
		{"closed while waiting", time.Second, 300 * time.Millisecond, false, 300 * time.Millisecond},
		{"closed before", time.Second, 0, false, 0},
		{"closed before, past", -time.Second, 0, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				done := make(chan struct{})
				switch {
				case tt.closeAfter == 0:
					close(done)
				case tt.closeAfter > 0:
					time.AfterFunc(tt.closeAfter, func() { close(done) })
				}
				start := time.Now()
				if got := Until(done, start.Add(tt.wait)); got != tt.want {
					t.Errorf("Until = %v, want %v", got, tt.want)
				}
				if took := time.Since(start); took != tt.wantTook {
					t.Errorf("took %v, want %v", took, tt.wantTook)
				}
			})
		})
	}
}
