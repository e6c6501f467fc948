package main

import (
	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
)

// deviceConfig says in the device's words what the file says.
func deviceConfig(c *config.Config, version string) intercom.Config {
	out := intercom.Config{
		Name: c.Device.Name, Version: version, Self: call.UserID(c.QuickBlox.UserID),
		Tones: c.Audio.Tones, Announce: c.Audio.Announce,
	}
	for _, k := range c.Contacts {
		out.Contacts = append(out.Contacts, intercom.Contact{Name: k.Name, UserID: call.UserID(k.UserID)})
	}
	for _, b := range c.Buttons {
		button := intercom.Button{
			Name: b.Name, HangUp: b.Action == config.ButtonHangUp, LongPress: b.LongPress,
			Contacts: userIDs(b.Contacts), CallType: call.Video,
		}
		if b.CallType == config.AudioCall {
			button.CallType = call.Audio
		}
		if b.Mode == config.Conference {
			button.Mode = intercom.Conference
		}
		out.Buttons = append(out.Buttons, button)
	}
	for _, r := range c.Relays {
		out.Relays = append(out.Relays, intercom.Relay{Name: r.Name, Callers: userIDs(r.Callers)})
	}
	if c.AutoAccept.Enabled {
		out.AutoAccept = userIDs(c.AutoAccept.Callers)
	}
	return out
}

func userIDs(contacts []config.Contact) []call.UserID {
	ids := make([]call.UserID, 0, len(contacts))
	for _, c := range contacts {
		ids = append(ids, call.UserID(c.UserID))
	}
	return ids
}
