package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/intercomd/intercomd/intercom"
)

// configCell says what keeps a changed configuration from being in force.
func configCell(c *intercom.ConfigStatus) string {
	if c.State == intercom.ConfigWaiting {
		return "changed; waits for the end of the call: " + listCell(c.Keys)
	}
	return withError("changed, and "+cell(c.State), c.Error)
}

// updateCell says in words how far an update is.
func updateCell(u intercom.UpdateStatus, now time.Time) string {
	words := []string{updateWords(u)}
	if u.Version != "" {
		words = append(words, cell(u.Version)+" runs")
	}
	if u.Slot != "" {
		words = append(words, "slot "+cell(u.Slot))
	}
	if !u.Checked.IsZero() {
		words = append(words, "looked "+age(now, u.Checked)+" ago")
	}
	return withError(strings.Join(words, ", "), u.Error)
}

// updateWords says what goes on.
func updateWords(u intercom.UpdateStatus) string {
	text := cell(u.State)
	switch u.State {
	case intercom.UpdateIdle:
		text = "none"
	case intercom.UpdateDownloading, intercom.UpdateInstalling:
		text += fmt.Sprintf(" %d %%", u.Progress)
	}
	if u.Available != "" && u.Available != u.Version {
		text += " " + cell(u.Available)
	}
	if u.Message != "" && u.Message != u.Error {
		text += " (" + cell(u.Message) + ")"
	}
	return text
}

// resultCell says what became of the last update, "" if there was none.
func resultCell(r *intercom.UpdateResult, now time.Time) string {
	if r == nil {
		return ""
	}
	text := fmt.Sprintf("last: %s to %s, %s, %s ago", cell(r.From), cell(r.To), cell(r.Outcome), age(now, r.Time))
	return withError(text, r.Error)
}
