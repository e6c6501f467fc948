package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

// writeStatus prints a status for people: what the device is, a table of its
// parts, a table of its sessions.
func writeStatus(w io.Writer, s intercom.Status, now time.Time) error {
	fmt.Fprintf(w, "%s: intercomd %s, user %s, up %s\n\n", cell(s.Name), cell(s.Version), s.UserID, age(now, s.Started))
	parts := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(parts, "%s\t%s\n", name, value) }
	row("xmpp", xmppCell(s.XMPP, now))
	if s.XMPP.JID != "" {
		row("jid", cell(s.XMPP.JID))
	}
	for _, part := range []struct {
		name  string
		state intercom.DeviceStatus
	}{{"camera", s.Camera}, {"microphone", s.Audio}, {"speaker", s.Playback}} {
		row(part.name, deviceCell(part.state))
		for _, detail := range deviceDetails(part.state) {
			row("", detail)
		}
	}
	for _, line := range s.GPIO {
		row(cell(line.Name), deviceCell(line))
	}
	row("buttons", listCell(marked(s.Buttons, s.Stuck, "stuck")))
	row("contacts", listCell(contactNames(s.Contacts)))
	if counters := counterCell(s.Media); counters != "" {
		row("media", counters)
	}
	if counters := counterCell(s.Signals); counters != "" {
		row("signals", counters)
	}
	row("process", processCell(s.Process))
	if s.Config != nil {
		row("config", configCell(s.Config))
	}
	if s.Update != nil {
		row("update", updateCell(*s.Update, now))
		if last := resultCell(s.Update.Last, now); last != "" {
			row("", last)
		}
	}
	if len(s.Sessions) == 0 {
		row("sessions", "none")
	}
	if err := parts.Flush(); err != nil {
		return fmt.Errorf("print status: %w", err)
	}
	return writeSessions(w, s.Sessions, now)
}

// writeSessions prints a line for each session and one for each further peer
// of it.
func writeSessions(w io.Writer, sessions []intercom.SessionStatus, now time.Time) error {
	if len(sessions) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "\nSESSION\tSTATE\tCALL\tFOR\tPEER\tCONNECTION\n")
	for _, s := range sessions {
		way := "outgoing "
		if s.Incoming {
			way = "incoming "
		}
		state := s.State
		if s.Unsent {
			state += ", waits for the link"
		}
		head := []string{cell(string(s.ID)), state, way + s.CallType, age(now, s.Since)}
		if len(s.Peers) == 0 {
			fmt.Fprintln(t, strings.Join(append(head, "-", "-"), "\t"))
		}
		for _, p := range s.Peers {
			fmt.Fprintln(t, strings.Join(append(head[:4:4], person(p.Name, p.UserID.String()), connectionCell(p)), "\t"))
			head = make([]string, 4)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print sessions: %w", err)
	}
	return nil
}

// connectionCell shows nothing while there is no connection to have a state.
func connectionCell(p intercom.PeerStatus) string {
	if p.State == call.ConnectionUndefined.String() {
		return "-"
	}
	return p.State
}

func xmppCell(x intercom.XMPPStatus, now time.Time) string {
	text := x.State
	if !x.Since.IsZero() {
		text += fmt.Sprintf(" since %s (%s)", x.Since.Local().Format(time.DateTime), age(now, x.Since))
	}
	return withError(text, x.Error)
}

func deviceCell(d intercom.DeviceStatus) string {
	if d.Source == "" {
		return withError("none", d.Error)
	}
	return withError(cell(d.Source)+", "+d.State, d.Error)
}

// deviceDetails are further lines about a device.
func deviceDetails(d intercom.DeviceStatus) []string {
	var lines []string
	if d.Route != "" {
		lines = append(lines, cell(d.Route))
	}
	var counted []string
	for _, name := range slices.Sorted(maps.Keys(d.Counters)) {
		number := strconv.FormatFloat(math.Round(d.Counters[name]*10)/10, 'f', -1, 64)
		counted = append(counted, cell(name)+" "+number)
	}
	if len(counted) > 0 {
		lines = append(lines, strings.Join(counted, ", "))
	}
	return lines
}

// marked adds a remark to the items that are in a list.
func marked(items, list []string, remark string) []string {
	out := slices.Clone(items)
	for i, item := range out {
		if slices.Contains(list, item) {
			out[i] = item + " (" + remark + ")"
		}
	}
	return out
}

func processCell(p intercom.ProcessStatus) string {
	return fmt.Sprintf("%d goroutines, %d files, %.1f MiB", p.Goroutines, p.Files, float64(p.Memory)/(1<<20))
}

func withError(text, err string) string {
	if err == "" {
		return text
	}
	return text + ": " + cell(err)
}

func contactNames(contacts []intercom.ContactStatus) []string {
	var names []string
	for _, c := range contacts {
		names = append(names, person(c.Name, c.UserID.String()))
	}
	return names
}

func person(name, id string) string {
	if name == "" {
		return id
	}
	return fmt.Sprintf("%s (%s)", cell(name), id)
}

func listCell(items []string) string {
	if len(items) == 0 {
		return "none"
	}
	return cell(strings.Join(items, ", "))
}

// counterCell shows the counters that have counted something.
func counterCell(counters map[string]uint64) string {
	var shown []string
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		if n := counters[name]; n > 0 {
			shown = append(shown, fmt.Sprintf("%s %d", cell(name), n))
		}
	}
	return strings.Join(shown, ", ")
}

// age is how long ago t was, to the second. A clock that was set back makes it
// 0s.
func age(now, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return max(now.Sub(t), 0).Truncate(time.Second).String()
}

// cell makes a text fit into a table.
func cell(s string) string { return harmless(s, "") }
