package update

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// fakeRAUC is RAUC without a bus, for tests of time.
type fakeRAUC struct {
	mu       sync.Mutex
	state    rauc.State
	err      error // of everything
	installs int
	takes    time.Duration // an installation
	watch    func(rauc.Activity)
}

func newFakeRAUC(booted, primary, versionB string) *fakeRAUC {
	return &fakeRAUC{state: board(booted, primary, versionB).state, takes: 20 * time.Second}
}

func (f *fakeRAUC) State(context.Context) (rauc.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Slots = slices.Clone(s.Slots)
	return s, f.err
}

func (f *fakeRAUC) MarkGood(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	booted, _ := f.state.Booted()
	f.state.Primary = booted.Boot
	return f.err
}

func (f *fakeRAUC) Activate(_ context.Context, slot string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.state.Slots {
		if s.Name == slot {
			f.state.Primary = s.Boot
		}
	}
	return f.err
}

func (f *fakeRAUC) Inspect(context.Context, string, rauc.Access) (rauc.Bundle, error) {
	return rauc.Bundle{Compatible: testBoard, Version: "1.1.0"}, nil
}

func (f *fakeRAUC) Install(ctx context.Context, _ string, _ rauc.Options, progress func(rauc.Progress)) error {
	progress(rauc.Progress{Percent: 50})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(f.takes):
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.installs++
	f.state.Primary = "B"
	f.state.Slots[1].Version = "1.1.0"
	return nil
}

func (f *fakeRAUC) Watch(ctx context.Context, tell func(rauc.Activity)) {
	f.mu.Lock()
	f.watch = tell
	f.mu.Unlock()
	<-ctx.Done()
}

// boots starts a slot; primary is what the boot loader would start next.
func (f *fakeRAUC) boots(booted, primary string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Primary = primary
	for i := range f.state.Slots {
		f.state.Slots[i].Booted = f.state.Slots[i].Boot == booted
	}
}

// hangingInspect is a RAUC that waits for a web server.
type hangingInspect struct{ *fakeRAUC }

func (hangingInspect) Inspect(ctx context.Context, _ string, _ rauc.Access) (rauc.Bundle, error) {
	<-ctx.Done()
	return rauc.Bundle{}, ctx.Err()
}
