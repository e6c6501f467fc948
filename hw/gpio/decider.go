package gpio

import "time"

// Limits of presses.
const (
	// DefaultDebounce is how long a contact has to keep its level to count.
	DefaultDebounce = 20 * time.Millisecond
	// DefaultStuck is after how long a closed contact counts as stuck.
	DefaultStuck = 30 * time.Second
	// regrip is the shortest time between a release and a press by fingers. A
	// contact that closes again sooner is dirty, and still the same press.
	regrip = 100 * time.Millisecond
)

// rules are what a decider decides by.
type rules struct {
	debounce  time.Duration // 0 where the kernel filters
	longPress time.Duration // 0: there are no long presses
	stuck     time.Duration
}

// phase is where a contact is. Opening it leads back to idle from everywhere.
//
//	        counts, no long presses                    stuck limit
//	idle ───────────────────────────────▶ told ──────────────────▶ stuck
//	 │      counts              long press  ▲                        ▲
//	 ├─────────────▶ undecided ─────────────┘ ── stuck limit ────────┤
//	 │      closed at start, or too soon                stuck limit  │
//	 └─────────────▶ ignored ────────────────────────────────────────┘
type phase int

const (
	idle      phase = iota // open
	undecided              // closed; a release makes it a short press
	told                   // closed, and reported
	ignored                // closed, and not a press
	stuck                  // closed for too long, and reported
)

// decider makes presses of edges. It has no clock: edges bring their time, and
// whoever drives it calls advance when next says so. Time that runs backwards
// is taken for no time.
type decider struct {
	button    string
	rules     rules
	debouncer Debouncer
	now       time.Time // the latest time seen

	level   bool      // of the line
	changed time.Time // when the level came to be

	closed   bool      // the contact, after the debounce
	since    time.Time // when it closed or opened
	released time.Time // when it last opened
	phase    phase
}

// restart takes the level of a line just opened. What happened to the contact
// before is not known, so a closed one is no press; one that was stuck before
// is so still, or was released.
func (d *decider) restart(active bool, now time.Time) []Press {
	d.now = later(d.now, now)
	was := d.phase
	d.level, d.changed = active, d.now
	if active && was == stuck {
		return nil
	}
	d.closed, d.since, d.phase = active, d.now, idle
	if active {
		d.phase = ignored
		return nil
	}
	if was != idle {
		d.released = d.now
	}
	if was == stuck {
		return d.press(KindReleased, d.now)
	}
	return nil
}

// edge takes a change of the line and what time has done until then. An edge to
// the same level means that the line left it for less than the kernel could
// see: it did not keep its level.
func (d *decider) edge(e Edge) []Press {
	presses := d.advance(e.Time)
	if e.Active != d.level || d.level != d.closed {
		d.level, d.changed = e.Active, d.now
		presses = append(presses, d.advance(d.now)...)
	}
	return presses
}

// observe takes the level as it is now, read from the line. Another one than
// the edges told means that edges were lost; then nothing is known to have
// lasted until now.
func (d *decider) observe(active bool, now time.Time) []Press {
	if active != d.level {
		d.now = later(d.now, now)
		d.level, d.changed = active, d.now
	}
	return d.advance(now)
}

// advance does what is due by now.
func (d *decider) advance(now time.Time) []Press {
	d.now = later(d.now, now)
	var presses []Press
	for {
		at, ok := d.next()
		if !ok || at.After(d.now) {
			return presses
		}
		presses = append(presses, d.fire(at)...)
	}
}

// next is when advance has something to do, or false. While it is open whether
// a change of the level lasts, nothing else is due.
func (d *decider) next() (time.Time, bool) {
	if d.level != d.closed {
		return d.changed.Add(d.rules.debounce), true
	}
	stuckAt := d.since.Add(d.rules.stuck)
	switch d.phase {
	case undecided:
		if long := d.since.Add(d.rules.longPress); long.Before(stuckAt) {
			return long, true
		}
		return stuckAt, true
	case told, ignored:
		return stuckAt, true
	}
	return time.Time{}, false
}

// fire does what next announced for that time.
func (d *decider) fire(at time.Time) []Press {
	switch {
	case d.level && !d.closed:
		return d.close(d.changed)
	case !d.level && d.closed:
		return d.open(d.changed)
	case d.phase == undecided && at.Before(d.since.Add(d.rules.stuck)):
		d.phase = told
		return d.press(KindLongPress, at)
	}
	d.phase = stuck
	return d.press(KindStuck, at)
}

// close begins a press, if it is one.
func (d *decider) close(at time.Time) []Press {
	d.closed, d.since = true, at
	soon := at.Sub(d.released) < regrip
	switch {
	case !d.debouncer.Accept(d.button, at) || soon:
		d.phase = ignored
	case d.rules.longPress > 0:
		d.phase = undecided
	default:
		d.phase = told
		return d.press(KindPress, at)
	}
	return nil
}

// open ends a press.
func (d *decider) open(at time.Time) []Press {
	was, began := d.phase, d.since
	d.closed, d.since, d.released, d.phase = false, at, at, idle
	switch was {
	case undecided:
		if at.Sub(began) >= d.rules.longPress { // found out late
			return d.press(KindLongPress, began.Add(d.rules.longPress))
		}
		return d.press(KindPress, began)
	case stuck:
		return d.press(KindReleased, at)
	}
	return nil
}

func (d *decider) press(kind Kind, at time.Time) []Press {
	return []Press{{Button: d.button, Time: at, Kind: kind}}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
