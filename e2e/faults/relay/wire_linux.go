package relay

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"
)

// Wire is a cable between two interfaces, usually in two network namespaces:
// every Ethernet frame that one sends reaches the other, as far as the rules
// allow. Its methods may be called from anywhere.
type Wire struct {
	taps  [2]*os.File
	lanes [2]*lane
}

// NewWire makes the interfaces of both ports, up and with their addresses.
// Until Run they carry nothing. Root is needed.
func NewWire(ctx context.Context, a, b Port, seed uint64) (*Wire, error) {
	w := &Wire{}
	for i, p := range []Port{a, b} {
		tap, err := openTAP(ctx, p)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make wire: %w", err), w.Close())
		}
		w.taps[i] = tap
		w.lanes[i] = newLane(newSchedule(false, seed, uint64(i)), Rule{})
	}
	return w, nil
}

// Set puts a rule in force for frames that arrive from now on; those on their
// way arrive as they would have.
func (w *Wire) Set(d Direction, r Rule) { w.lanes[d].set(r) }

// SetBoth does the same for both directions.
func (w *Wire) SetBoth(r Rule) {
	w.Set(Up, r)
	w.Set(Down, r)
}

// SetCarrier pulls the cable out of both ports, or puts it in: the interfaces
// lose their carrier, and the kernel tells who listens.
func (w *Wire) SetCarrier(on bool) error {
	return errors.Join(setCarrier(w.taps[0], on), setCarrier(w.taps[1], on))
}

// Counts says what a direction has done so far.
func (w *Wire) Counts(d Direction) Counts { return w.lanes[d].counts() }

// Run carries frames until ctx ends; the interfaces are gone when it returns.
// The error says why it ended sooner.
func (w *Wire) Run(outer context.Context) error {
	group, ctx := errgroup.WithContext(outer)
	stop := context.AfterFunc(ctx, func() { _ = w.Close() }) // ends the reads
	defer stop()
	for d := range w.lanes {
		arrivals := make(chan []byte, 64)
		group.Go(func() error { return readFrames(ctx, w.taps[d], arrivals) })
		group.Go(func() error {
			return w.lanes[d].run(ctx, arrivals, func(data []byte) error { return writeFrame(w.taps[1-d], data) })
		})
	}
	err := errors.Join(group.Wait(), w.Close())
	if outer.Err() != nil {
		return nil // what failed did so because the interfaces were closed
	}
	return err
}

// Close removes the interfaces of a wire that does not run.
func (w *Wire) Close() error {
	var errs []error
	for _, tap := range w.taps {
		if tap == nil {
			continue
		}
		if err := tap.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func readFrames(ctx context.Context, tap *os.File, arrivals chan<- []byte) error {
	buffer := make([]byte, maxFrame)
	for {
		n, err := tap.Read(buffer)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("read frame from %s: %w", tap.Name(), err)
		}
		select {
		case arrivals <- append([]byte(nil), buffer[:n]...):
		case <-ctx.Done():
			return nil
		}
	}
}

// writeFrame hands a frame to an interface. One that is down or full takes
// none, as a real one; the frame is lost then.
func writeFrame(tap *os.File, data []byte) error {
	if _, err := tap.Write(data); errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("write frame to %s: %w", tap.Name(), err)
	}
	return nil
}
