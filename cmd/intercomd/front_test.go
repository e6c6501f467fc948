package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/call/calltest"
	"github.com/intercomd/intercomd/intercom"
)

// runningDevice runs a device with the button name until it is ended.
func runningDevice(t *testing.T, name string) (d *daemon, end func()) {
	t.Helper()
	d = &daemon{device: intercom.New(intercom.Config{
		Name: name, Self: 104, Buttons: []intercom.Button{{Name: name, HangUp: true}},
	}, intercom.Ports{}, discard())}
	signaler := new(calltest.Network).Join(call.Address{User: 104}, func(call.Signal) {})
	var err error
	d.client, err = call.NewClient(call.Config{Self: 104}, signaler, &calltest.Media{}, d.device.Listener(), discard())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	clientCtx, endClient := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- d.client.Run(clientCtx) }()
	go func() {
		defer endClient()
		ended <- d.device.Run(ctx, d.client)
	}()
	return d, func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// What is asked for while there is no device is done by the next one.
func TestFrontBetweenDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront(newUpdates(nil))
		first, endFirst := runningDevice(t, "old")
		f.show(first)
		if err := f.Press(t.Context(), "old"); err != nil {
			t.Errorf("press the old device's button: %v", err)
		}
		if !f.ifIdle(func() {}) {
			t.Error("an idle device is busy")
		}
		if !first.device.Retire(t.Context()) { // requests before hide are the next one's as well
			t.Fatal("it does not retire")
		}
		f.hide()
		pressed := make(chan error, 1)
		go func() { pressed <- f.Press(t.Context(), "new") }()
		synctest.Wait()
		if len(pressed) > 0 {
			t.Errorf("pressed without a device: %v", <-pressed)
		}
		if f.ifIdle(func() { t.Error("work without a device") }) {
			t.Error("no device is an idle device")
		}
		endFirst()
		second, endSecond := runningDevice(t, "new")
		f.show(second)
		if err := <-pressed; err != nil {
			t.Errorf("press the new device's button: %v", err)
		}
		if s := f.Status(); s.Name != "new" || !s.Started.Equal(f.started) {
			t.Errorf("status %+v, want that of the new device, started %v", s, f.started)
		}
		endSecond()
		if err := f.Press(t.Context(), "new"); !errors.Is(err, intercom.ErrStopped) {
			t.Errorf("press at the end: %v, want %v", err, intercom.ErrStopped)
		}
	})
}

func TestFrontIsNotWaitedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := newFront(newUpdates(nil)).Press(ctx, "front"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("press: %v", err)
		}
	})
}

// A loop of a device that ends on purpose is not late, unless it takes too long.
func TestPingBetweenDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront(newUpdates(nil))
		d := &daemon{}
		hangs := errors.New("it hangs")
		answer := hangs
		ping := f.ping(func(*daemon, context.Context) error { return answer })
		f.show(d)
		if err := ping(t.Context()); !errors.Is(err, hangs) {
			t.Errorf("ping: %v, want %v", err, hangs)
		}
		leaving := f.ping(func(*daemon, context.Context) error {
			f.hide()
			return hangs
		})
		if err := leaving(t.Context()); err != nil {
			t.Errorf("ping of a device that has left: %v", err)
		}
		if err := ping(t.Context()); err != nil {
			t.Errorf("ping without a device: %v", err)
		}
		time.Sleep(swapWithin)
		if err := ping(t.Context()); err == nil {
			t.Error("there is no device for ever")
		}
	})
}
