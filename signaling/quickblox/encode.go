package quickblox

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/intercomd/intercomd/call"
)

// Encode returns the whole message stanza of a signal to its peer. The error
// is a [FieldError] and says what must not be sent.
//
// Absent fields are left out, and the limits of [Codec.Decode] hold. The keys
// of the extension become elements of userInfo: "b.c" and "b.d" become c and d
// inside b, but a lone "b.c" keeps its dot, because the SDK reads an element
// with one child as text. A key must be an XML name; "bandwidth", "delay" and
// "moduleIdentifier" are refused, the first because it is a field of its own,
// the others because they would make the SDK ignore the signal.
func (c *Codec) Encode(s call.Signal) ([]byte, error) {
	b, err := c.encode(s)
	if err != nil {
		return nil, fmt.Errorf("encode %s for user %d: %w", s.Type, s.Peer.User, err)
	}
	return b, nil
}

func (c *Codec) encode(s call.Signal) ([]byte, error) {
	if err := checkSignal(&s); err != nil {
		return nil, err
	}
	var userInfo bytes.Buffer
	if err := writeUserInfo(&userInfo, &s); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	c.writeStart(&b, s.Peer)
	b.Write(userInfo.Bytes())
	writeReconnect(&b, s.Reconnect)
	writeSession(&b, &s)
	writeCandidates(&b, s.Candidates)
	writeElement(&b, "moduleIdentifier", moduleIdentifier)
	writeElement(&b, "signalType", string(s.Type))
	writeOptional(&b, "platform", s.Platform)
	b.WriteString("</extraParams></message>")
	if b.Len() > maxStanza {
		return nil, fieldErrorf("stanza", "%d bytes, at most %d allowed", b.Len(), maxStanza)
	}
	return b.Bytes(), nil
}

func (c *Codec) writeStart(b *bytes.Buffer, to call.Address) {
	jid := c.JID(to.User)
	if to.Resource != "" {
		jid += "/" + to.Resource
	}
	b.WriteString(`<message xmlns="` + namespaceClient + `" id="`)
	writeText(b, c.newID())
	b.WriteString(`" to="`)
	writeText(b, jid)
	b.WriteString(`" type="headline"><extraParams xmlns="` + namespaceClient + `">`)
}

func writeSession(b *bytes.Buffer, s *call.Signal) {
	writeElement(b, "sessionID", string(s.Session))
	if s.CallType != 0 {
		writeElement(b, "callType", strconv.Itoa(int(s.CallType)))
	}
	if s.Initiator != 0 {
		writeElement(b, "callerID", s.Initiator.String())
	}
	if len(s.Opponents) > 0 {
		openElement(b, "opponentsIDs")
		for _, id := range s.Opponents {
			writeElement(b, "opponentID", id.String())
		}
		closeElement(b, "opponentsIDs")
	}
	writeOptional(b, "sdp", unixLines(s.SDP))
}

func writeReconnect(b *bytes.Buffer, r *call.ReconnectDescription) {
	if r == nil {
		return
	}
	writeElement(b, "reason", reasonReconnect)
	openElement(b, "sessionDescription")
	writeElement(b, "offerId", r.OfferID)
	writeElement(b, "sdp", unixLines(r.SDP))
	writeElement(b, "type", string(r.Type))
	closeElement(b, "sessionDescription")
}

func writeCandidates(b *bytes.Buffer, candidates []call.Candidate) {
	if len(candidates) == 0 {
		return
	}
	openElement(b, "iceCandidates")
	for _, candidate := range candidates {
		openElement(b, "iceCandidate")
		writeElement(b, "candidate", candidate.Candidate)
		writeOptional(b, "sdpMid", candidate.SDPMid)
		writeElement(b, "sdpMLineIndex", strconv.Itoa(int(candidate.SDPMLineIndex)))
		closeElement(b, "iceCandidate")
	}
	closeElement(b, "iceCandidates")
}

func writeOptional(b *bytes.Buffer, name, text string) {
	if text != "" {
		writeElement(b, name, text)
	}
}
