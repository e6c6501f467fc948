package update

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// chance plays everything around a machine by chance: the board with its slots
// and boot loader, calls, power cuts, a web server, and RAUC for others.
type chance struct {
	*rand.Rand
	t   *testing.T
	now time.Time
	m   *machine
	log []string

	slots     map[string]string // version by slot
	half      map[string]bool   // an installation into the slot did not end
	booted    string
	committed string
	next      string // slot that a planned restart starts; "" is the committed one
	boots     int
	disk      record // what a power cut leaves

	busy    bool
	job     action // that runs
	healthy time.Time
	sick    map[string]bool // versions that never become healthy
	newest  string          // on offer
}

func newChance(t *testing.T, seed uint64) *chance {
	c := &chance{
		Rand: rand.New(rand.NewPCG(seed, 1)), t: t, now: rigStart,
		slots: map[string]string{"A": "1.0.0", "B": "1.0.0"}, half: map[string]bool{}, booted: "A", committed: "A",
		sick: map[string]bool{}, newest: "1.0.0",
	}
	c.start()
	return c
}

func (c *chance) note(format string, args ...any) {
	c.log = append(c.log, c.now.Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

func (c *chance) fail(format string, args ...any) {
	c.t.Helper()
	for _, line := range c.log[max(0, len(c.log)-40):] {
		c.t.Log(line)
	}
	c.t.Fatalf(format, args...)
}

// start is a start of the kernel and of intercomd.
func (c *chance) start() {
	c.boots++
	c.busy = false
	c.note("boot %d of slot %s, %s", c.boots, c.booted, c.slots[c.booted])
	c.again()
}

// again is a start of intercomd alone.
func (c *chance) again() {
	c.job, c.healthy = nil, time.Time{}
	c.m = newMachine(testConfig(), image{id: testBoard, version: c.slots[c.booted]}, testDevice, fmt.Sprint("boot-", c.boots), c.disk, c.now)
	c.m.busy = c.busy
	c.do(c.m.advance(c.now))
}

// reset starts the slot that the boot loader chooses; planned keeps the choice.
func (c *chance) reset(planned bool) {
	if c.half[c.booted] || c.half[c.committed] {
		c.fail("the slot to start is half written")
	}
	c.booted = c.committed
	if planned && c.next != "" {
		c.booted = c.next
		if c.half[c.booted] {
			c.fail("a half written slot is started")
		}
	}
	c.next = ""
	c.start()
}

func (c *chance) primary() string {
	if c.next != "" {
		return c.next
	}
	return c.committed
}

func (c *chance) state() rauc.State {
	s := rauc.State{Compatible: testBoard, Operation: rauc.OperationIdle, Primary: c.primary()}
	for i, boot := range []string{"A", "B"} {
		slot := rauc.Slot{Name: fmt.Sprint("rootfs.", i), Boot: boot, Booted: boot == c.booted, Good: !c.half[boot], Version: c.slots[boot], Installed: rigStart}
		if boot != c.committed {
			slot.Installed = rigStart.Add(time.Hour)
		}
		s.Slots = append(s.Slots, slot)
	}
	return s
}

// do takes what the machine wants done.
func (c *chance) do(todo []action) {
	for _, a := range todo {
		switch a := a.(type) {
		case save:
			c.disk = a.record.clone()
		case reply, reportJob, cancel:
		default:
			if c.job != nil {
				c.fail("%T while %T runs", a, c.job)
			}
			c.begin(a)
		}
	}
}

func (c *chance) begin(a action) {
	c.note("%T", a)
	c.job = a
	switch a.(type) {
	case fetchJob, installJob:
		if c.busy {
			c.fail("%T during a call", a)
		}
		if c.booted != c.committed {
			c.fail("%T during a trial", a)
		}
		if _, ok := a.(installJob); ok {
			c.half[c.other()] = true
		}
	case markJob:
		if c.healthy.IsZero() || c.now.Sub(c.healthy) < trialSteady {
			c.fail("committed without being healthy for long enough")
		}
	}
}

func (c *chance) other() string {
	if c.booted == "A" {
		return "B"
	}
	return "A"
}

func (c *chance) tell(ev event) { c.do(c.m.handle(c.now, ev)) }

// finish ends the job that runs, somehow.
func (c *chance) finish() {
	job := c.job
	c.job = nil
	lucky := c.IntN(5) > 0
	switch job := job.(type) {
	case lookJob:
		if !lucky && c.IntN(3) == 0 {
			c.tell(looked{err: rauc.ErrUnavailable})
			return
		}
		c.tell(looked{state: c.state()})
	case checkJob:
		if !lucky {
			c.tell(checked{err: errors.New("no network")})
			return
		}
		c.tell(offered(c.newest))
	case fetchJob:
		switch {
		case c.m.canceled:
			c.tell(fetched{err: context.Canceled})
		case !lucky:
			c.tell(fetched{err: errors.New("breaks off")})
		default:
			c.tell(fetched{source: "/x"})
		}
	case installJob:
		c.installed(job, lucky)
	case healthJob:
		c.tell(c.look(lucky))
	case markJob:
		if !lucky {
			c.tell(marked{errors.New("read-only")})
			return
		}
		c.committed = c.booted
		c.tell(marked{})
	case activateJob:
		c.next = c.other()
		c.tell(activated{})
	case restartJob:
		c.restart(lucky)
	}
}

func (c *chance) installed(job installJob, lucky bool) {
	version := job.what.update.Version
	if version == "" {
		version = c.newest
	}
	if !lucky || c.m.offer(job.what).admit(found{testBoard, version, ""}) != nil {
		c.tell(installed{err: errors.New("broken"), fault: c.IntN(2) == 0})
		return
	}
	target := c.other()
	c.slots[target], c.half[target], c.next = version, false, target
	c.tell(installed{version: c.slots[target], slot: target})
}

func (c *chance) look(lucky bool) health {
	h := fine()
	if c.sick[c.slots[c.booted]] || !lucky {
		h.Camera = false
	}
	if !h.Camera {
		c.healthy = time.Time{}
	} else if c.healthy.IsZero() {
		c.healthy = c.now
	}
	return h
}

func (c *chance) restart(lucky bool) {
	switch {
	case c.busy:
		c.tell(restarted{ran: false})
	case !lucky:
		c.tell(restarted{ran: true, err: errors.New("no unit")})
	default:
		if c.booted == c.committed && c.next == "" {
			c.fail("a restart that leads nowhere")
		}
		c.tell(restarted{ran: true})
		c.reset(true)
	}
}

// step is one thing that happens.
func (c *chance) step() {
	if c.job != nil && c.IntN(3) > 0 {
		c.now = c.now.Add(time.Duration(c.IntN(3000)) * time.Millisecond)
		c.finish()
		return
	}
	switch n := c.IntN(40); {
	case n == 0:
		c.note("power cut")
		c.reset(false)
	case n == 1 && c.booted != c.committed:
		c.note("crash during the trial")
		c.again()
	case n == 1 && c.job == nil:
		c.note("intercomd starts again")
		c.again()
	case n < 6:
		c.busy = !c.busy
		c.note("call: %t", c.busy)
		c.tell(busy{c.busy})
	case n < 8:
		c.tell(request{source: []string{"", "/data/b.raucb"}[c.IntN(2)], checkOnly: c.IntN(3) == 0, answer: func(error) {}})
	case n == 8:
		c.newest = fmt.Sprintf("1.%d.0", c.boots)
		c.sick[c.newest] = c.IntN(3) == 0
		c.note("%s is out, sick: %t", c.newest, c.sick[c.newest])
	case n == 9:
		c.tell(activity{rauc.Activity{Installing: c.IntN(2) == 0, Done: c.IntN(2) == 0, OK: c.IntN(2) == 0}})
	default:
		c.wake()
	}
}

// wake lets time go by until the machine wants something, or a while.
func (c *chance) wake() {
	next := c.m.timeout(c.now)
	if c.job == nil && !next.After(c.now) {
		c.fail("the machine wants to be woken at once, for ever: %+v", c.m.status)
	}
	if limit := c.now.Add(20 * time.Minute); next.After(limit) {
		next = limit
	}
	c.now = next
	c.do(c.m.advance(c.now))
}

// settle leaves the device alone until it is at rest.
func (c *chance) settle() {
	if c.busy {
		c.busy = false
		c.tell(busy{false})
	}
	for range 3000 {
		if c.job != nil {
			c.now = c.now.Add(time.Second)
			c.finish()
			continue
		}
		if c.m.phase == ready && c.m.record.Pending == nil && c.booted == c.committed && c.next == "" {
			return
		}
		c.wake()
	}
	c.fail("never at rest: %+v", c.m.status)
}

// TestChance plays many histories. Whatever happens, a whole version runs,
// nothing begins during a call or a trial that must not, only what was healthy
// is committed, and in the end the device is at rest.
func TestChance(t *testing.T) {
	trials, commits := 0, 0
	for seed := range uint64(1500) {
		c := newChance(t, seed)
		for range 400 {
			c.step()
			if c.m.phase == trial {
				trials++
			}
		}
		c.settle()
		if c.sick[c.slots[c.booted]] {
			c.fail("seed %d: %s is not healthy and was committed", seed, c.slots[c.booted])
		}
		if c.slots[c.booted] != "1.0.0" {
			commits++
		}
	}
	if trials < 1000 || commits < 100 {
		t.Errorf("%d steps on trial, %d histories with a commit: too few to mean anything", trials, commits)
	}
}
