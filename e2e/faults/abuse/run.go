package abuse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
	"github.com/intercomd/intercomd/intercom"
)

// Bounds of what an attack may bring about.
const (
	memoryBound  = 20 << 20    // bytes above what there was before
	latencyBound = time.Second // from a press to the ring, or to the hangUp
	gapBound     = time.Second // without media, 5 pictures and 50 packets of sound a second
	ringBound    = site.AnswerTime + time.Second
	idleBound    = site.AnswerTime + 2*time.Second
)

// result is what came of an attack.
type result struct {
	attack   attack
	sent     int
	took     time.Duration
	did      string  // what the device did
	cpu      float64 // of one core, 0 … 1
	memory   int64   // the most above what there was before, bytes
	presses  []time.Duration
	missed   int           // presses that reached nobody
	gap      time.Duration // the longest without media in a call
	idle     time.Duration // from the end of the attack and of the call
	stall    time.Duration // the longest that the machine stood still meanwhile
	problems []string
}

func (r *result) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// Run attacks, and reports. The error tells of what kept it from going on.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	s, err := newScene(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { s.stalls.Run(watching) })
	defer watch.Wait()
	defer stop()
	report = &Report{length: o.Length}
	if err := s.withDevice(ctx, "device", "", func() error {
		if err := s.measureQuiet(ctx, report); err != nil {
			return err
		}
		return s.attackAll(ctx, report, []situation{idle, inCall, conference}, nil)
	}); err != nil {
		return report, err
	}
	for _, when := range []situation{badServer, badCounts} {
		if err := s.withInjector(ctx, report, when); err != nil {
			return report, err
		}
	}
	return report, nil
}

// withInjector plays the attacks of a server.
func (s *scene) withInjector(ctx context.Context, report *Report, when situation) (err error) {
	proxy, err := newInjector(s.server.Address, when == badCounts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proxy.close()) }()
	name := strings.ReplaceAll(string(when), " ", "-") // of its folder
	return s.withDevice(ctx, name, proxy.address(), func() error {
		return s.attackAll(ctx, report, []situation{when}, proxy.inject)
	})
}

func (s *scene) withDevice(ctx context.Context, name, address string, f func() error) error {
	stop, err := s.startDevice(ctx, name, address)
	if err != nil {
		return err
	}
	if err := f(); err != nil {
		return errors.Join(err, fmt.Errorf("end of the device's log:\n%s", s.device.LogSince(0, 40)), stop())
	}
	return stop()
}

func (s *scene) attackAll(ctx context.Context, report *Report, when []situation, inject func(string) error) error {
	for _, a := range attacks() {
		if !slices.Contains(when, a.when) || !strings.Contains(a.name, s.options.Only) {
			continue
		}
		from := s.device.LogSize()
		r, err := s.attack(ctx, a, inject)
		if err != nil {
			r.problem("%v", err)
			_ = s.device.Control.Do(ctx, "stop", intercom.SessionRequest{}) // for the next attack
		}
		if len(r.problems) > 0 {
			r.problems = append(r.problems, s.device.LogSince(from, 30))
		}
		report.results = append(report.results, r)
	}
	return nil
}

// measureQuiet measures what attacks are compared with.
func (s *scene) measureQuiet(ctx context.Context, report *Report) error {
	for range 5 {
		took, err := s.ring(ctx, bound)
		if err != nil {
			return fmt.Errorf("ring without an attack: %w", err)
		}
		report.ring = append(report.ring, took)
	}
	if _, err := s.talk(ctx, "front"); err != nil {
		return fmt.Errorf("talk without an attack: %w", err)
	}
	watched, cancel := context.WithTimeout(ctx, s.options.Length)
	defer cancel()
	report.gap = s.gap(watched)
	took, err := s.hangUp(ctx)
	report.hangUp = append(report.hangUp, took)
	return errors.Join(err, s.device.AwaitIdle(ctx))
}

// attack plays one attack.
func (s *scene) attack(ctx context.Context, a attack, inject func(string) error) (r result, err error) {
	r.attack = a
	t := &stage{scene: s, inject: inject}
	defer func() {
		for i := len(t.tidy) - 1; i >= 0; i-- {
			err = errors.Join(err, t.tidy[i]())
		}
	}()
	s.events = s.device.Listen()
	if err := t.situate(ctx, a.when); err != nil {
		return r, fmt.Errorf("%s: %w", a.when, err)
	}
	send, err := a.prepare(ctx, t)
	if err != nil {
		return r, fmt.Errorf("prepare: %w", err)
	}
	before, err := s.look(ctx, true)
	if err != nil {
		return r, err
	}
	if err := t.during(ctx, &r, send); err != nil {
		return r, err
	}
	t.afterwards(ctx, &r)
	after, err := s.look(ctx, false)
	if err != nil {
		return r, err
	}
	r.cpu = (after.usage.CPU - before.usage.CPU).Seconds() / r.took.Seconds()
	r.memory = after.usage.Peak - before.usage.Memory
	r.did = t.did(before.status, after.status)
	t.judge(&r)
	return r, nil
}

// sight is what the device's process holds, and what the device says.
type sight struct {
	usage  site.Usage
	status intercom.Status
}

// look looks at the device; with reset, the peak of its memory begins anew.
func (s *scene) look(ctx context.Context, reset bool) (v sight, err error) {
	if reset {
		if err := site.ResetPeak(s.device.PID()); err != nil {
			return v, err
		}
	}
	if v.usage, err = site.ReadUsage(s.device.PID()); err != nil {
		return v, err
	}
	v.status, err = s.device.Control.Status(ctx)
	return v, err
}

// situate brings the device to where the attack begins.
func (t *stage) situate(ctx context.Context, when situation) (err error) {
	switch when {
	case inCall:
		t.session, err = t.talk(ctx, "front")
	case conference:
		err = t.confer(ctx)
	}
	return err
}

// confer brings Anna and the attacker, as Ben, into a conference.
func (t *stage) confer(ctx context.Context) (err error) {
	if t.peer, err = t.as(site.Ben, "x"); err != nil {
		return err
	}
	if t.hostile, err = newHostile(); err != nil {
		return err
	}
	t.tidy = append(t.tidy, t.hostile.pc.Close)
	if t.session, err = t.talk(ctx, "all"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	ring, err := t.peer.rung(ctx, t.pressed)
	if err != nil {
		return err
	}
	sdp, err := t.hostile.answer(ring.Params.SDP)
	if err != nil {
		return err
	}
	if err := t.peer.send(stanza(call.SignalAccept, t.session, element("sdp", sdp))); err != nil {
		return err
	}
	select {
	case <-t.hostile.connected:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connect the hostile peer: %w", ctx.Err())
	}
}

// during attacks and measures at the same time.
func (t *stage) during(ctx context.Context, r *result, send func(int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	attacking, stop := context.WithCancel(ctx)
	var refused atomic.Int64
	type end struct {
		at  time.Time
		err error
	}
	ended := make(chan end, 1)
	t.stalls.Take(0)
	began := time.Now()
	go func() {
		var err error
		r.sent, err = flood(attacking, r.attack.rate, func(i int) error {
			err := send(i)
			if errors.Is(err, errNotNow) {
				refused.Add(1)
				err = nil
			}
			return err
		})
		ended <- end{time.Now(), err}
	}()
	measured := t.measure(ctx, r)
	stop()
	attack := <-ended
	r.took, r.stall = time.Since(began), t.stalls.Take(0)
	r.sent -= int(refused.Load())
	if attack.err != nil && attack.at.Before(measured) && ctx.Err() == nil {
		// The server may have thrown the attacker out, which ends the attack.
		r.problem("the attack ended early: %v", attack.err)
	}
	return nil
}

// measure takes as long as the attack is to last: half of it nobody but the
// attacker does anything. It returns the time until which the attack had to
// last: the end of the call ends what is sent into it.
func (t *stage) measure(ctx context.Context, r *result) (end time.Time) {
	if t.session != "" {
		watched, cancel := context.WithTimeout(ctx, t.options.Length)
		defer cancel()
		r.gap = t.gap(watched)
		end = time.Now()
		took, err := t.hangUp(ctx)
		if err != nil {
			r.problem("hang up during the attack: %v", err)
			return end
		}
		r.presses = append(r.presses, took)
		return end
	}
	within := bound
	if r.attack.rings {
		within = time.Second
	}
	until := time.Now().Add(t.options.Length)
	t.watch(ctx, r, t.options.Length/2)
	for {
		took, err := t.ring(ctx, within)
		if err == nil {
			r.presses = append(r.presses, took)
		} else {
			r.missed++
		}
		if time.Now().After(until) && len(r.presses)+r.missed >= 2 {
			return time.Now()
		}
	}
}

// watch looks whether the attack opens camera or microphone.
func (t *stage) watch(ctx context.Context, r *result, length time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	_ = site.Poll(ctx, "nothing", func() error { // ends with ctx
		s, err := t.device.Control.Status(ctx)
		if err == nil && site.Opened(s) {
			r.problem("camera %s, microphone %s", s.Camera.State, s.Audio.State)
			return nil
		}
		return errors.New("go on")
	})
}

// afterwards waits until the device is idle.
func (t *stage) afterwards(ctx context.Context, r *result) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, idleBound)
	defer cancel()
	if err := t.device.AwaitIdle(ctx); err != nil {
		r.problem("%v", err)
		_ = t.device.Control.Do(context.WithoutCancel(ctx), "stop", intercom.SessionRequest{}) // for the next attack
	}
	r.idle = time.Since(began)
	if err := t.device.AwaitOnline(ctx); err != nil {
		r.problem("%v", err)
	}
	t.anna.Stop()
}

// did says what the device did, as its events and the attackers saw it.
func (t *stage) did(before, after intercom.Status) string {
	rejects := 0
	for _, a := range t.used {
		rejects += a.count(call.SignalReject)
	}
	text := fmt.Sprintf("%d rings, %d rejects, %d told as invalid", t.rungBy(), rejects,
		t.events.Count(func(e intercom.Event) bool { return e.Event == "onInvalidEvents" }))
	for _, name := range slices.Sorted(maps.Keys(after.Signals)) {
		if more := after.Signals[name] - before.Signals[name]; more > 0 && more < 1<<62 { // some go down, too
			text += fmt.Sprintf(", %d %s", more, name)
		}
	}
	return text
}

func (t *stage) rungBy() int {
	return t.events.Count(func(e intercom.Event) bool { return e.Event == "onCall" })
}

// longestRing is the longest time from a ring to the end of its session.
func (t *stage) longestRing() (longest time.Duration) {
	began := map[call.SessionID]time.Time{}
	for _, e := range t.events.All() {
		switch e.Event {
		case "onCall":
			began[e.Session] = e.Time
		case "onSessionClose":
			if at, rang := began[e.Session]; rang {
				longest = max(longest, e.Time.Sub(at))
			}
		}
	}
	return longest
}

// judge holds the result against the bounds. What the machine stood still is not
// the device's.
func (t *stage) judge(r *result) {
	if n := t.rungBy(); n > 0 && !r.attack.rings {
		r.problem("the door rang %d times", n)
	}
	if rang := t.longestRing(); rang > ringBound {
		r.problem("the door rang for %v", rang)
	}
	if r.memory > memoryBound {
		r.problem("%d MB more memory", r.memory>>20)
	}
	if worst := longest(r.presses); worst > latencyBound+r.stall {
		r.problem("a press took %v, the machine stood still for %v", worst, r.stall)
	}
	if r.missed > 0 && !r.attack.rings {
		r.problem("%d presses reached nobody", r.missed)
	}
	if r.gap > gapBound+r.stall {
		r.problem("%v without media, the machine stood still for %v", r.gap, r.stall)
	}
}
