package sdk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// Race is a call that two clients answered at the same moment.
type Race struct {
	Winner int64 `json:"winner"`
	Loser  int64 `json:"loser"`
	// Apart is by how much the winner answered before the loser, in ms; less
	// than 0 is after it.
	Apart float64 `json:"apart_ms"`
	// Told is when the loser was told, in ms after the winner's answer.
	Told float64 `json:"told_ms"`
}

const (
	// raceLead is how long before the answer both clients are told when to.
	raceLead = 100 * time.Millisecond
	// raceLimit bounds one race.
	raceLimit = 30 * time.Second
)

// raceOffsets are by how much the second client answers later; they take turns.
var raceOffsets = [...]time.Duration{0, time.Millisecond, -time.Millisecond, 0, 5 * time.Millisecond, -5 * time.Millisecond, 0, 20 * time.Millisecond, -20 * time.Millisecond, 0}

// Races has two clients answer the same ring n times. It returns the races
// that went right: one call stayed, with pictures at its client, and the other
// client was told. The error tells of the first that did not.
func (s *Stage) Races(ctx context.Context, n int) ([]Race, error) {
	races, err := s.races(ctx, n)
	return races, errors.Join(err, s.endScene(ctx))
}

func (s *Stage) races(ctx context.Context, n int) ([]Race, error) {
	door, first, second, err := s.racers(ctx)
	if err != nil {
		return nil, err
	}
	var races []Race
	for i := range n {
		limited, cancel := context.WithTimeoutCause(ctx, raceLimit, errTooLong)
		r, err := race(limited, door, first, second, raceOffsets[i%len(raceOffsets)])
		cancel()
		if err != nil {
			return races, fmt.Errorf("race %d of %d: %w", i+1, n, err)
		}
		races = append(races, r)
	}
	return races, nil
}

// racers brings a device and the two users of its button online.
func (s *Stage) racers(ctx context.Context) (door *rig.Device, first, second *party, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sceneLimit, errTooLong)
	defer cancel()
	first, second = &party{user: rig.FirstUser, peer: rig.DeviceUser}, &party{user: rig.LastUser, peer: rig.DeviceUser}
	config := doorConfig(rig.DeviceUser, first.user, stayDoor)
	config.Contacts = append(config.Contacts, rig.Contact{Name: "Other", UserID: second.user})
	config.Buttons[0].Contacts = append(config.Buttons[0].Contacts, "Other")
	if door, err = s.lab.Device(ctx, config); err != nil {
		return nil, nil, nil, err
	}
	err = errors.Join(s.connect(ctx, first, cutBrowser), s.connect(ctx, second, stayBrowser), door.Online(ctx))
	return door, first, second, err
}

// race plays one race and leaves the device idle.
func race(ctx context.Context, door *rig.Device, first, second *party, offset time.Duration) (Race, error) {
	if err := door.Press(ctx, "front"); err != nil {
		return Race{}, err
	}
	if err := together(first, second, func(p *party) error { return p.ready(ctx) }); err != nil {
		return Race{}, err
	}
	start := time.Now().Add(raceLead)
	err := together(first, second, func(p *party) error {
		if p == second {
			return p.client.AcceptAt(ctx, start.Add(offset))
		}
		return p.client.AcceptAt(ctx, start)
	})
	if err != nil {
		return Race{}, err
	}
	winner, loser, err := result(ctx, door, first, second)
	if err != nil {
		return Race{}, err
	}
	r, err := finish(ctx, winner, loser)
	if err != nil {
		return r, err
	}
	return r, hangUp(ctx, door, winner)
}

// result waits until the device holds one call. That it was accepted is told of
// both if both answers came in one go.
func result(ctx context.Context, door *rig.Device, first, second *party) (winner, loser *party, err error) {
	status, err := door.AwaitStatus(ctx, "one call", func(st rig.DeviceStatus) bool {
		return len(st.Sessions) == 1 && len(st.Sessions[0].Peers) == 1
	})
	if err != nil {
		return nil, nil, err
	}
	switch user := status.Sessions[0].Peers[0].UserID; user {
	case first.user:
		return first, second, nil
	case second.user:
		return second, first, nil
	default:
		return nil, nil, fmt.Errorf("the device is in a call with %d, who was not called", user)
	}
}

func together(a, b *party, do func(*party) error) error {
	var g errgroup.Group
	g.Go(func() error { return do(a) })
	g.Go(func() error { return do(b) })
	return g.Wait()
}

// ready waits for the ring and opens the client's camera.
func (e *party) ready(ctx context.Context) error {
	rung, err := e.client.Await(ctx, "onCallListener", e.peer)
	if err != nil {
		return err
	}
	e.session = rung.Session.ID
	return e.client.Prepare(ctx)
}

// told waits for an event of the client's present session: of an earlier one it
// may have been told twice.
func (e *party) told(ctx context.Context, name string) (rig.ClientEvent, error) {
	return e.client.Events.Take(ctx, fmt.Sprintf("%s of %s at %d", name, e.session, e.user), func(ev rig.ClientEvent) bool {
		return ev.Name == name && ev.Session.ID == e.session
	})
}

// finish waits until the loser was told and the winner has pictures.
func finish(ctx context.Context, winner, loser *party) (Race, error) {
	r := Race{Winner: winner.user, Loser: loser.user}
	early, err := winner.told(ctx, "accepting")
	if err != nil {
		return r, err
	}
	late, err := loser.told(ctx, "accepting")
	if err != nil {
		return r, err
	}
	stopped, err := loser.told(ctx, "onStopCallListener")
	if err != nil {
		return r, err
	}
	if _, err := loser.told(ctx, "onSessionCloseListener"); err != nil {
		return r, err
	}
	r.Apart, r.Told = milliseconds(late.At.Sub(early.At)), milliseconds(stopped.At.Sub(early.At))
	_, err = winner.client.Sees(ctx, winner.peer)
	return r, err
}

// hangUp checks that only the winner's call is left and ends it.
func hangUp(ctx context.Context, door *rig.Device, winner *party) error {
	status, err := door.Status(ctx)
	if err != nil {
		return err
	}
	if len(status.Sessions) != 1 || len(status.Sessions[0].Peers) != 1 || status.Sessions[0].Peers[0].UserID != winner.user {
		return fmt.Errorf("the device is in %+v, want one call with %d", status.Sessions, winner.user)
	}
	if err := door.Do(ctx, "stop"); err != nil {
		return err
	}
	if _, err := winner.told(ctx, "onStopCallListener"); err != nil {
		return err
	}
	if _, err := winner.told(ctx, "onSessionCloseListener"); err != nil {
		return err
	}
	_, err = door.AwaitStatus(ctx, "an idle device", func(st rig.DeviceStatus) bool { return len(st.Sessions) == 0 })
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
