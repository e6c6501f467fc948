package sdk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

const (
	// sceneLimit bounds a scene without its longest cut.
	sceneLimit = 90 * time.Second
	// settleLimit is how long a call is watched after its link is back.
	settleLimit = 25 * time.Second
	// calm is how long the picture must have been back.
	calm = 3 * time.Second
)

// Stage plays scenes in a lab, one after the other. It is used from one
// goroutine.
type Stage struct {
	lab    *rig.Lab
	keep   string
	played int
}

// NewStage returns a stage that leaves what the parties of each scene said in
// a folder below keep, or nowhere if that is "".
func NewStage(lab *rig.Lab, keep string) *Stage { return &Stage{lab: lab, keep: keep} }

// Play makes a call for each plan, cuts all links at the same moment, repairs
// each after its time and watches until every call has settled: pictures are
// back for 3 s, or the call is closed, or 25 s are over. Plans with the same
// kind of party cut off must agree on fault and length, because those share
// their link. At most 15 plans.
func (s *Stage) Play(ctx context.Context, plans []Plan) ([]Outcome, error) {
	if err := check(plans); err != nil {
		return nil, err
	}
	longest := slices.MaxFunc(plans, func(a, b Plan) int { return int(a.Length - b.Length) })
	limited, cancel := context.WithTimeoutCause(ctx, sceneLimit+longest.Length, errTooLong)
	defer cancel()
	outcomes, err := s.play(limited, plans)
	return outcomes, errors.Join(err, s.endScene(ctx))
}

var errTooLong = errors.New("the scene took too long")

// check finds plans that cannot be played together.
func check(plans []Plan) error {
	if len(plans) == 0 || len(plans) > 15 {
		return fmt.Errorf("play %d plans: not between 1 and 15", len(plans))
	}
	for i, p := range plans {
		for _, q := range plans[:i] {
			if (p.Kind == OwnLink) == (q.Kind == OwnLink) && (p.Fault != q.Fault || p.Length != q.Length) {
				return fmt.Errorf("play together: %v and %v share a link", q, p)
			}
		}
	}
	return nil
}

// endScene keeps what was said and closes everything.
func (s *Stage) endScene(ctx context.Context) error {
	s.played++
	var err error
	if s.keep != "" {
		err = s.lab.Dump(filepath.Join(s.keep, fmt.Sprintf("%03d", s.played)))
	}
	return errors.Join(err, s.lab.EndScene(context.WithoutCancel(ctx)))
}

func (s *Stage) play(ctx context.Context, plans []Plan) ([]Outcome, error) {
	var pairs []*pair
	for i, plan := range plans {
		p, err := s.newPair(ctx, i, plan)
		if err != nil {
			return nil, fmt.Errorf("set up %v: %w", plan, err)
		}
		pairs = append(pairs, p)
	}
	for _, p := range pairs {
		if err := p.talks(ctx); err != nil {
			return nil, err
		}
	}
	cut, err := s.cutAndRepair(ctx, pairs)
	if err != nil {
		return nil, err
	}
	var outcomes []Outcome
	for _, p := range pairs {
		outcomes = append(outcomes, p.outcome(cut))
	}
	return outcomes, nil
}

// cutAndRepair returns when the links were cut, after all calls have settled.
func (s *Stage) cutAndRepair(ctx context.Context, pairs []*pair) (time.Time, error) {
	links, err := s.links(ctx, pairs)
	if err != nil {
		return time.Time{}, err
	}
	var watchers sync.WaitGroup
	defer watchers.Wait()
	cut := time.Now()
	for _, l := range links {
		if err := l.begin(ctx, s.lab.Network); err != nil {
			return cut, err
		}
	}
	for _, l := range links {
		if err := sleepUntil(ctx, cut.Add(l.length)); err != nil {
			return cut, err
		}
		up, healed := time.Now(), time.Now()
		if l.fault == Moved {
			up = cut
		}
		if err := l.end(ctx, s.lab.Network); err != nil {
			return cut, err
		}
		for _, p := range l.pairs {
			p.up, p.healed = up, healed
			watchers.Go(func() { p.watch(ctx) })
		}
	}
	return cut, nil
}

// link is what happens to some parties in one go.
type link struct {
	fault  Fault
	length time.Duration
	names  []string
	spaces []*rig.Namespace
	pairs  []*pair
}

// links groups the pairs by what happens to them, the shortest first.
func (s *Stage) links(ctx context.Context, pairs []*pair) ([]*link, error) {
	var links []*link
	for _, p := range pairs {
		i := slices.IndexFunc(links, func(l *link) bool { return l.fault == p.plan.Fault && l.length == p.plan.Length })
		if i < 0 {
			i = len(links)
			links = append(links, &link{fault: p.plan.Fault, length: p.plan.Length})
		}
		l := links[i]
		l.pairs = append(l.pairs, p)
		if slices.Contains(l.names, p.namespace) {
			continue
		}
		ns, err := s.lab.Network.Join(ctx, p.namespace)
		if err != nil {
			return nil, err
		}
		l.names, l.spaces = append(l.names, p.namespace), append(l.spaces, ns)
		if l.fault == Moved {
			if err := s.lab.Network.AddInterface(ctx, ns); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(links, func(a, b *link) int { return int(a.length - b.length) })
	return links, nil
}

func (l *link) begin(ctx context.Context, n *rig.Network) error {
	if l.fault != Moved {
		return n.Set(ctx, l.fault.rig(), false, l.spaces...)
	}
	for _, ns := range l.spaces {
		if err := n.ChangeAddress(ctx, ns); err != nil {
			return err
		}
	}
	return nil
}

func (l *link) end(ctx context.Context, n *rig.Network) error {
	if l.fault == Moved {
		return nil
	}
	return n.Set(ctx, l.fault.rig(), true, l.spaces...)
}

func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
