package main

import (
	"slices"
	"sync"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/gpio"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/media"
)

// lines keeps the state of every line and key for the status.
type lines struct {
	tell func(name, state string, err error) // of a line that was lost or is back

	mu  sync.Mutex
	all []intercom.DeviceStatus // in the order they were added
}

// add adds a line and returns what is to be told its states, those of package
// gpio.
func (l *lines) add(name, source string) (onChange func(state string, err error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, intercom.DeviceStatus{Name: name, Source: source, State: intercom.DeviceIdle})
	i := len(l.all) - 1
	return func(state string, err error) { l.change(i, state, err) }
}

// change notes a state. A line that opens for the first time is no news.
func (l *lines) change(i int, state string, err error) {
	l.mu.Lock()
	line := &l.all[i]
	before := line.State
	line.State, line.Error = intercom.DeviceOpen, ""
	if state != gpio.StateOpen {
		line.State, line.Error = intercom.DeviceMissing, state
	}
	if err != nil {
		line.Error = err.Error()
	}
	now := *line
	l.mu.Unlock()
	switch {
	case now.State == before || before == intercom.DeviceIdle && now.State == intercom.DeviceOpen:
	case now.State == intercom.DeviceOpen:
		l.tell(now.Name, intercom.PartBack, nil)
	default:
		l.tell(now.Name, intercom.PartLost, err)
	}
}

func (l *lines) status() []intercom.DeviceStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// chipOf is a chip in the words of package gpio.
func chipOf(l config.Line) string {
	if l.Chip == config.ChipAuto {
		return ""
	}
	return l.Chip
}

// sourceOf names a line for the status.
func sourceOf(l config.Line) string { return l.Chip + ":" + l.Name }

// wireLamps makes the lamps and the tasks that drive them.
func (d *daemon) wireLamps() []intercom.Task {
	var tasks []intercom.Task
	for _, c := range d.cfg.Lamps {
		name := "lamp " + c.Name
		lc := lampOf(c)
		lc.Log, lc.OnChange = d.log.With("part", "gpio"), d.lines.add(name, sourceOf(c.Line))
		lamp := gpio.NewLamp(lc)
		d.lamps = append(d.lamps, lamp)
		tasks = append(tasks, intercom.Task{Name: name, Run: lamp.Run})
	}
	return tasks
}

// lampOf is a lamp in the words of package gpio.
func lampOf(c config.Lamp) gpio.LampConfig {
	return gpio.LampConfig{
		Name: c.Name, Chip: chipOf(c.Line), Line: c.Line.Name, ActiveLow: c.Line.ActiveLow, Shows: patterns(c.Shows),
	}
}

func patterns(shows []config.Indication) []gpio.Pattern {
	var out []gpio.Pattern
	for _, s := range shows {
		out = append(out, gpio.Pattern(s))
	}
	return out
}

// indicate shows a state on every lamp. The three packages use the same words.
func (d *daemon) indicate(i intercom.Indication) {
	for _, lamp := range d.lamps {
		lamp.Show(gpio.Pattern(i))
	}
}

// tone plays a tone at the door, or ends the one that goes on.
func (d *daemon) tone(t intercom.Tone) {
	if t == intercom.NoTone {
		d.engine.StopTone()
		return
	}
	d.engine.PlayTone(mediaTone(t))
}

func mediaTone(t intercom.Tone) media.Tone {
	switch t {
	case intercom.RingBack:
		return media.RingBack
	case intercom.Ring:
		return media.Ring
	case intercom.Connect:
		return media.Connect
	case intercom.Announce:
		return media.Announce
	case intercom.Offline:
		return media.Offline
	}
	return media.End
}
