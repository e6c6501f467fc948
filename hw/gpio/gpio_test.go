package gpio

import (
	"testing"
	"time"
)

func TestDebouncer(t *testing.T) {
	const ms = time.Millisecond
	type press struct {
		button string
		at     time.Duration
		want   bool
	}
	tests := []struct {
		name    string
		presses []press
	}{
		{"first", []press{{"a", 0, true}}},
		{"bounce", []press{{"a", 0, true}, {"a", 1 * ms, false}, {"a", 5 * ms, false}}},
		{"double", []press{{"a", 0, true}, {"a", 299 * ms, false}}},
		{"just apart", []press{{"a", 0, true}, {"a", 300 * ms, true}}},
		{"held down", []press{{"a", 0, true}, {"a", 200 * ms, false}, {"a", 400 * ms, false}, {"a", 600 * ms, false}, {"a", 900 * ms, true}}},
		{"two buttons", []press{{"a", 0, true}, {"b", 1 * ms, true}, {"a", 2 * ms, false}, {"b", 301 * ms, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d Debouncer
			start := time.Now()
			for _, p := range tt.presses {
				if got := d.Accept(p.button, start.Add(p.at)); got != p.want {
					t.Errorf("%s after %v counts: %v, want %v", p.button, p.at, got, p.want)
				}
			}
		})
	}
}
