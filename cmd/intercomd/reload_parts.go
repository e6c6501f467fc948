package main

import (
	"slices"

	"github.com/intercomd/intercomd/config"
)

// takesEffect says when a change of a top-level key does, where that does not
// depend on what of it has changed: of webrtc, buttons and relays some parts are
// live, see livePart. For everything else the device is made anew.
func takesEffect(key string) moment {
	switch key {
	case "contacts", "auto_accept", "log", "update", "watchdog":
		return atOnce
	case "network", "system": // setup reads them
		return atBoot
	}
	return whenIdle
}

type moment int

const (
	whenIdle moment = iota // no call rings or is up
	atOnce
	atBoot // of the system
)

// livePart is what can be in force as soon as next is read: running, with
// everything of next that needs neither the hardware nor the link anew.
func livePart(running, next *config.Config) *config.Config {
	out := *running
	out.Version, out.Files = next.Version, next.Files
	out.Contacts, out.AutoAccept = next.Contacts, next.AutoAccept
	out.Log, out.Update, out.Watchdog = next.Log, next.Update, next.Watchdog
	out.Network, out.System = next.Network, next.System
	out.WebRTC = next.WebRTC
	out.WebRTC.ICEServers = running.WebRTC.ICEServers // the media engine has them
	out.Buttons = liveButtons(running.Buttons, next)
	out.Relays = liveRelays(running.Relays, next)
	return &out
}

// liveButtons are the buttons there are, with the plans they are to have. What
// stays of one that is to go rings contacts only.
func liveButtons(running []config.Button, next *config.Config) []config.Button {
	out := slices.Clone(running)
	for i, b := range out {
		j := slices.IndexFunc(next.Buttons, func(n config.Button) bool { return n.Name == b.Name })
		if j < 0 {
			out[i].Contacts = remaining(b.Contacts, next.Contacts)
			continue
		}
		n := next.Buttons[j]
		out[i].Contacts, out[i].Mode, out[i].CallType = n.Contacts, n.Mode, n.CallType
	}
	return out
}

// liveRelays are the relays there are, with the callers they are to have. Nobody
// opens one that is to go.
func liveRelays(running []config.Relay, next *config.Config) []config.Relay {
	out := slices.Clone(running)
	for i, r := range out {
		out[i].Callers = nil
		if j := slices.IndexFunc(next.Relays, func(n config.Relay) bool { return n.Name == r.Name }); j >= 0 {
			out[i].Callers = next.Relays[j].Callers
		}
	}
	return out
}

// remaining are those of a list who are still contacts, as they are now.
func remaining(list, contacts []config.Contact) []config.Contact {
	var out []config.Contact
	for _, c := range contacts {
		if slices.ContainsFunc(list, func(l config.Contact) bool { return l.UserID == c.UserID }) {
			out = append(out, c)
		}
	}
	return out
}

// pending are the top-level keys for which the device that was made from built,
// and runs with live, has to be made anew to be what next says. In LAN mode the
// contacts are accounts of the server, too.
func pending(built, live, next *config.Config) []string {
	keys := slices.DeleteFunc(config.Changed(live, next), func(key string) bool {
		return takesEffect(key) != whenIdle
	})
	if next.LAN.Enabled && slices.Contains(config.Changed(built, next), "contacts") {
		keys = append(keys, "contacts")
	}
	return keys
}

// booting are those of keys that the system reads when it boots.
func booting(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return takesEffect(key) != atBoot })
}
