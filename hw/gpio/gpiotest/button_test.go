package gpiotest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/hw/gpio"
)

func TestButton(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewButton("front")
		ctx, cancel := context.WithCancel(t.Context())
		var seen []gpio.Press
		ended := make(chan error)
		go func() { ended <- b.Run(ctx, func(p gpio.Press) { seen = append(seen, p) }) }()

		begin := time.Now()
		for range 2 { // fast presses are not debounced
			if err := b.Press(ctx); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if err := b.Do(ctx, gpio.KindLongPress); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
		want := []gpio.Press{{Button: "front", Time: begin}, {Button: "front", Time: begin}, {Button: "front", Time: begin.Add(time.Second), Kind: gpio.KindLongPress}}
		if len(seen) != len(want) {
			t.Fatalf("%d presses, want %d", len(seen), len(want))
		}
		for i := range want {
			if seen[i].Button != want[i].Button || seen[i].Kind != want[i].Kind || !seen[i].Time.Equal(want[i].Time) {
				t.Errorf("press %d is %+v, want %+v", i, seen[i], want[i])
			}
		}
	})
}

func TestPressOfAButtonThatDoesNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := NewButton("front").Press(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Press = %v, want a timeout", err)
		}
	})
}
