package main

import (
	"fmt"

	"github.com/intercomd/intercomd/hw/gpio"
	"github.com/intercomd/intercomd/intercom"
)

// wireRelays makes the relays and the tasks that drive them.
func (d *daemon) wireRelays() []intercom.Task {
	var tasks []intercom.Task
	d.relays = make(map[string]*gpio.Relay)
	for _, c := range d.cfg.Relays {
		name := "relay " + c.Name
		relay := gpio.NewRelay(gpio.RelayConfig{
			Name: c.Name, Chip: chipOf(c.Line), Line: c.Line.Name, ActiveLow: c.Line.ActiveLow,
			Pulse: c.Pulse, Log: d.log.With("part", "gpio"),
			OnChange: d.lines.add(name, sourceOf(c.Line)),
		})
		d.relays[c.Name] = relay
		tasks = append(tasks, intercom.Task{Name: name, Run: relay.Run})
	}
	return tasks
}

// pulse lets a relay pulse for as long as its configuration says.
func (d *daemon) pulse(name string) error {
	relay, ok := d.relays[name]
	if !ok {
		return fmt.Errorf("pulse relay %q: there is none of that name", name)
	}
	return relay.Pulse(0)
}
