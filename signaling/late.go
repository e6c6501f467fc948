package signaling

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"time"

	"mellium.im/xmpp/jid"

	"github.com/intercomd/intercomd/call"
)

const (
	nsDelay = "urn:xmpp:delay"

	// answerWindow is for how long a call rings. A server that resumes a session
	// later hands over calls whose callers have gone.
	answerWindow = time.Minute
)

// held is what the reader knows about stanzas that a server kept while the link
// was away. Servers stamp them as late (XEP-0203), as they do what they stored
// for a user who was offline; but those of a resumed session were sent to this
// very session and are the first copy that arrives, so the stamp means nothing.
type held struct {
	resumed bool          // in a new session there are none
	self    jid.JID       // of the session
	away    time.Duration // how long nothing was heard
}

// unstamp takes the server's own stamps of a whole stanza off, when the session
// was resumed, and tells whether there were any.
func (h held) unstamp(stanza []byte) ([]byte, bool) {
	if !h.resumed || !bytes.Contains(stanza, []byte(nsDelay)) {
		return stanza, false
	}
	d := xml.NewDecoder(io.MultiReader(strings.NewReader(streamHeader), bytes.NewReader(stanza)))
	if _, err := nextStart(d); err != nil {
		return stanza, false
	}
	if _, err := nextStart(d); err != nil {
		return stanza, false
	}
	var out []byte
	kept := int64(0)
	for {
		from := d.InputOffset() - int64(len(streamHeader))
		t, err := d.Token()
		if err != nil {
			return stanza, false // the codec will say what is wrong with it
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := d.Skip(); err != nil {
				return stanza, false
			}
			if h.own(t) {
				out = append(out, stanza[kept:from]...)
				kept = d.InputOffset() - int64(len(streamHeader))
			}
		case xml.EndElement:
			return append(out, stanza[kept:]...), kept > 0
		}
	}
}

// own tells whether an element is a stamp of the server itself. It signs with
// its domain, or, as Prosody does, with the account the session belongs to.
func (h held) own(start xml.StartElement) bool {
	if start.Name != (xml.Name{Space: nsDelay, Local: "delay"}) {
		return false
	}
	from := attr(start, "from")
	return from == "" || strings.EqualFold(from, h.self.Domain().String()) || strings.EqualFold(from, h.self.Bare().String())
}

// tooLate tells whether a signal that was held back has lost its meaning.
func (h held) tooLate(s call.Signal) bool {
	return s.Type == call.SignalCall && h.away > answerWindow
}
