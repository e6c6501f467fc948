//go:build e2e

package board

import (
	"fmt"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// Words that listeners are told. All but the last are the SDK's
// SessionReconnectState.
const (
	reconnecting = "RECONNECTING"
	reconnected  = "RECONNECTED"
	failed       = "FAILED"
	closed       = "closed"
)

// word is what a listener was told.
type word struct {
	name string
	at   time.Time // here
	own  time.Time // by the clock of who was told
}

// words are in the order in which they were told.
type words []word

// clientWords are what the SDK's listeners were told since a moment.
func clientWords(c *rig.Client, since time.Time) words {
	var said words
	for _, e := range c.Events.All() {
		name := strings.ToUpper(e.State)
		switch e.Name {
		case "onReconnectListener":
		case "onSessionCloseListener":
			name = closed
		default:
			continue
		}
		if e.At.After(since) {
			said = append(said, word{name: name, at: e.At, own: e.At})
		}
	}
	return said
}

// doorWords are what the door's listeners were told since a moment.
func doorWords(d *door, since time.Time) words {
	var said words
	for _, e := range d.events.All() {
		name := strings.ToUpper(e.State)
		switch e.Event {
		case "onReconnect":
		case "onSessionClose":
			name = closed
		default:
			continue
		}
		if e.arrived.After(since) {
			said = append(said, word{name: name, at: e.arrived, own: e.Time})
		}
	}
	return said
}

// whole says that there is a call, and nothing that is being repaired.
func (w words) whole() bool {
	return len(w) == 0 || w[len(w)-1].name == reconnected
}

func (w words) had(name string) bool {
	_, found := w.first(name)
	return found
}

func (w words) first(name string) (word, bool) {
	for _, said := range w {
		if said.name == name {
			return said, true
		}
	}
	return word{}, false
}

// text shows the words with their seconds since a moment.
func (w words) text(since time.Time) string {
	var b strings.Builder
	for i, said := range w {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %.1f", said.name, said.at.Sub(since).Seconds())
	}
	if b.Len() == 0 {
		return "–"
	}
	return b.String()
}

// outage is a cut and what came of it.
type outage struct {
	cell
	cut, up      time.Time // just before the cable was pulled, and plugged in
	fresh        time.Time // what arrives from then on is new
	picture      time.Time // first new one at the client; zero is none
	client, door words
}

// lost says whether both sides have closed the call.
func (o outage) lost() bool { return o.client.had(closed) && o.door.had(closed) }

// row is the outage as a row of a Markdown table: cut, the door's id, network,
// seconds from the cable to the picture, what both were told in seconds since
// the cut.
func (o outage) row() string {
	picture, network, id := "–", "good", "higher"
	if !o.picture.IsZero() {
		picture = fmt.Sprintf("%.2f", o.picture.Sub(o.up).Seconds())
	}
	if o.spoilt {
		network = "spoilt"
	}
	if o.lower {
		id = "lower"
	}
	return fmt.Sprintf("| %.0f s | %s | %s | %s | %s | %s |", o.length.Seconds(), id, network, picture,
		o.door.text(o.cut), o.client.text(o.cut))
}
