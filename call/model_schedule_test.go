package call

import "time"

// modelStart is what the machine's clock shows when a schedule begins.
var modelStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// modelNoises are what the way of the signals is like; most schedules have one
// of the first.
var modelNoises = []modelNoise{
	{ordered: true},
	{ordered: true, delay: 200 * time.Millisecond},
	{delay: time.Second},
	{ordered: true, delay: 3 * time.Second, double: 5},
	{delay: 3 * time.Second, loss: 5, double: 10},
	{delay: 12 * time.Second, loss: 2, double: 5},
	{delay: 500 * time.Millisecond, loss: 30, double: 20},
	{delay: 12 * time.Second, loss: 10, double: 30},
}

const (
	modelUser     = UserID(101) // and the next three: contacts of the device
	modelUsers    = 4
	modelStranger = UserID(999)
)

// newModelWorld draws a schedule.
func newModelWorld(seed uint64, start time.Time, core func(*modelDevice) modelCore) *modelWorld {
	w := &modelWorld{rand: newModelRand(seed), start: start, hangUps: make(map[SessionID]int)}
	w.quiet = w.rand.between(20*time.Second, 130*time.Second)
	w.noise = modelNoises[min(w.rand.IntN(len(modelNoises)), w.rand.IntN(len(modelNoises)))]
	users := w.rand.Perm(modelUsers)[:2+w.rand.mostlyOne(3)]
	for i, n := range users {
		u := modelUser + UserID(n)
		if i == 0 || i == 1 && w.rand.chance(12) {
			w.addDevice(u, core)
			continue
		}
		w.addSDK(u, "web")
		if w.rand.chance(12) {
			w.addSDK(u, "tab")
		}
	}
	w.planCalls()
	w.planCuts()
	return w
}

// mostlyOne returns 0 in most cases, else a number below n.
func (r modelRand) mostlyOne(n int) int {
	if r.chance(70) {
		return 0
	}
	return r.IntN(n)
}

func (w *modelWorld) habit() modelHabit {
	if w.rand.chance(20) {
		return modelHabit{accepts: 40, rejects: 30, stops: 60}
	}
	return modelHabit{accepts: 90, rejects: 4, stops: 20}
}

func (w *modelWorld) addDevice(u UserID, core func(*modelDevice) modelCore) {
	d := &modelDevice{
		world: w, user: u, host: newModelHost("door " + u.String()), habit: w.habit(),
		pcs: make(map[PeerKey]*modelPC), streams: make(map[LocalStream]SessionID), seen: make(map[SessionID]*modelSeen),
	}
	for i := range UserID(modelUsers) {
		d.contacts = append(d.contacts, modelUser+i)
	}
	cfg, err := Config{
		Self: u, AutoReject: w.rand.chance(70), IncomingLimit: 1 + w.rand.IntN(2),
		Allowed: func(u UserID) bool { return u >= modelUser && u < modelUser+modelUsers },
	}.withDefaults()
	if err != nil {
		panic(err)
	}
	d.cfg = cfg
	d.core = core(d)
	d.chat = w.newChat(d.host, u, "door", true, func(s Signal) {
		d.core.receive(s)
		d.checkHangUp(s)
	})
	d.chat.told = w.rand.chance(50)
	if w.rand.chance(75) {
		d.chat.changed = d.signalingChanged
	}
	if d.chat.told {
		d.host.changed = d.networkChanged
	}
	w.devices = append(w.devices, d)
}

func (w *modelWorld) addSDK(u UserID, tab string) {
	c := &sdkClient{world: w, user: u, host: newModelHost(tab + " " + u.String()), habit: w.habit()}
	c.chat = w.newChat(c.host, u, tab, false, c.receive)
	w.sdks = append(w.sdks, c)
}

// planCalls has people press and call.
func (w *modelWorld) planCalls() {
	door := w.devices[0]
	if w.rand.chance(65) {
		w.person(w.rand.between(0, 2*time.Second), func() { door.press(w.others(door)) })
	} else {
		w.planCall(w.rand.between(0, 2*time.Second))
	}
	switch n := w.rand.IntN(100); {
	case n < 10: // both at once
		w.planCall(w.rand.between(0, 2*time.Second))
	case n < 25:
		w.planCall(w.rand.between(0, w.quiet))
	case n < 35:
		w.person(w.rand.between(0, w.quiet), func() { door.press(w.others(door)) })
	case n < 40:
		w.person(w.rand.between(0, w.quiet), door.stopAll)
	case n < 44:
		w.addSDK(modelStranger, "web")
		stranger := w.sdks[len(w.sdks)-1]
		w.person(w.rand.between(0, w.quiet), func() { stranger.call(door.user) })
	}
}

// others are the users a press rings.
func (w *modelWorld) others(d *modelDevice) []UserID {
	var list []UserID
	for _, c := range w.chats {
		if c.user != d.user && c.user != modelStranger && (len(list) == 0 || list[len(list)-1] != c.user) {
			list = append(list, c.user)
		}
	}
	return list
}

// planCall has somebody call the device.
func (w *modelWorld) planCall(at modelTime) {
	door := w.devices[0]
	w.person(at, func() {
		if len(w.devices) > 1 && (len(w.sdks) == 0 || w.rand.chance(50)) {
			w.devices[1].press([]UserID{door.user})
			return
		}
		c := w.sdks[w.rand.IntN(len(w.sdks))]
		if s := c.call(door.user); s != nil {
			w.talk(c.habit, func() {
				if s.live() {
					s.stop()
				}
			})
		}
	})
}

// planCuts takes networks and servers away, one at a time for each client.
func (w *modelWorld) planCuts() {
	if w.rand.chance(10) {
		return
	}
	for _, c := range w.chats {
		at := w.rand.between(0, 30*time.Second)
		for range w.rand.IntN(4) {
			d := w.rand.mostly(70, 12*time.Second, 40*time.Second) + 100*time.Millisecond
			if at+d >= w.quiet {
				break
			}
			network, moved := w.rand.chance(80), w.rand.chance(20)
			w.clock.after(at, func() {
				if network {
					w.cut(c.host, d, moved)
				} else {
					w.silence(c, d)
				}
			})
			at += d + w.rand.mostly(70, 20*time.Second, 60*time.Second)
		}
	}
}

// run lets the schedule happen, and says which promise was broken.
func (w *modelWorld) run() error {
	end := w.begin()
	for w.fault == nil && w.step(end) {
	}
	w.finish()
	return w.fault
}

// begin returns when the schedule ends.
func (w *modelWorld) begin() modelTime {
	w.counts.schedules++
	w.clock.after(w.quiet, func() { w.logf("quiet from here") })
	w.clock.after(w.quiet+w.noise.delay+time.Second, func() { // what was under way has arrived
		w.healing = w.toHeal()
		w.counts.toHeal += len(w.healing)
		w.watchHealing(w.clock.now+modelHeal, w.healing)
	})
	return w.quiet + modelTail
}

// finish compares the sides at the end.
func (w *modelWorld) finish() {
	if w.fault == nil {
		w.checkHealed()
		w.checkEnd()
	}
}

// step does what comes next, unless that is after end.
func (w *modelWorld) step(end modelTime) bool {
	t := w.clock.next()
	var due *modelDevice
	at := end
	if t != nil {
		at = min(at, t.at)
	}
	for _, d := range w.devices {
		if next := d.core.next(); !next.IsZero() && next.Sub(w.start) < at {
			due, at = d, next.Sub(w.start)
		}
	}
	w.clock.now = max(w.clock.now, at)
	switch {
	case at >= end:
		return false
	case due != nil:
		due.core.advance(w.now())
	default:
		w.clock.fire(t)
	}
	return true
}
