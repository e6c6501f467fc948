package signaling

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	xmppstream "mellium.im/xmpp/stream"

	"github.com/intercomd/intercomd/call"
)

const (
	nsClient = "jabber:client"
	nsPing   = "urn:xmpp:ping"
	nsDisco  = "http://jabber.org/protocol/disco#info"

	// streamHeader gives a stanza the namespaces it inherits from its stream.
	streamHeader = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`

	warnEvery = time.Minute // between warnings about stanzas that are no signals
)

var errTooLate = errors.New("the caller has given up since")

var errStreamEnded = errors.New("the server closed the stream")

// inbound turns the elements of a stream into signals and answers. It belongs
// to the goroutine that reads; nothing in it blocks.
type inbound struct {
	codec   Codec
	log     *slog.Logger
	recv    func(call.Signal)
	reply   func(stanza string) // queues an answer
	ready   func()              // hello was answered
	acks    *acks               // counts the stanzas
	held    held                // those the server kept meanwhile
	invalid *atomic.Uint64      // stanzas that were dropped

	warned time.Time // when the last warning was logged
}

// handle takes one element. An error ends the stream.
func (in *inbound) handle(f frame) error {
	start, err := startTag(f.start)
	if err != nil {
		in.drop("dropped malformed stanza", "", err)
		in.acks.handled(xml.Name{Space: nsClient, Local: localName(f.start)})
		return nil
	}
	defer in.acks.handled(start.Name)
	from := attr(start, "from")
	if f.raw == nil {
		in.drop("dropped oversized stanza", from, fmt.Errorf("%d bytes, %d are allowed", f.size, maxStanza))
		return nil
	}
	switch {
	case start.Name.Space == xmppstream.NS && start.Name.Local == "error":
		return streamError(f.raw)
	case start.Name.Space == nsManagement:
		return in.management(start)
	case start.Name.Space != nsClient:
		in.drop("dropped unknown element", from, fmt.Errorf("<%s>", clip(start.Name.Local)))
	case start.Name.Local == "message":
		in.message(f.raw, start)
	case start.Name.Local == "iq":
		in.iq(f.raw, start)
	}
	return nil
}

func (in *inbound) management(start xml.StartElement) error {
	err := in.acks.element(start)
	if errors.Is(err, errUnexpected) {
		in.drop("dropped unknown element", "", fmt.Errorf("%w: <%s>", err, clip(start.Name.Local)))
		return nil
	}
	return err
}

func (in *inbound) message(raw []byte, start xml.StartElement) {
	from := attr(start, "from")
	if attr(start, "type") == "error" {
		in.log.Debug("message came back", "from", clip(from))
		return
	}
	stanza, late := in.held.unstamp(withNamespace(raw, start))
	s, err := in.decode(stanza)
	if err == nil && late && in.held.tooLate(s) {
		err = errTooLate
	}
	if err != nil {
		in.drop("dropped message", from, err)
		return
	}
	in.recv(s)
}

// decode calls the codec. What a stranger sends must not end the process, so a
// panic in there is an error.
func (in *inbound) decode(stanza []byte) (s call.Signal, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decode message: panic: %v", p)
		}
	}()
	return in.codec.Decode(stanza)
}

// iq answers requests (RFC 6120 section 8.2.3 wants every one answered):
// XEP-0199 pings, the device's own disco#info (XEP-0030), nothing else.
func (in *inbound) iq(raw []byte, start xml.StartElement) {
	typ := attr(start, "type")
	if typ != "get" && typ != "set" {
		// An answer, be it an error. To the pings that look for life any byte is.
		if attr(start, "id") == readyID {
			in.ready()
		}
		return
	}
	payload, err := firstChild(raw)
	if err != nil {
		in.drop("dropped malformed stanza", attr(start, "from"), err)
		return
	}
	body := `<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`
	result := "error"
	switch {
	case typ == "get" && payload.Name == xml.Name{Space: nsPing, Local: "ping"}:
		result, body = "result", ""
	case typ == "get" && payload.Name == xml.Name{Space: nsDisco, Local: "query"} && attr(payload, "node") == "":
		result, body = "result", `<query xmlns='`+nsDisco+`'>`+
			`<identity category='client' type='phone' name='intercomd'/>`+
			`<feature var='`+nsDisco+`'/><feature var='`+nsPing+`'/></query>`
	}
	to := ""
	if from := attr(start, "from"); from != "" {
		to = ` to='` + escape(from) + `'`
	}
	in.reply(`<iq type='` + result + `' id='` + escape(attr(start, "id")) + `'` + to + `>` + body + `</iq>`)
}

// drop counts a stanza that leads to nothing. Anybody can send those, so only
// one a minute is a warning.
func (in *inbound) drop(what, from string, err error) {
	total := in.invalid.Add(1)
	level := slog.LevelDebug
	if now := time.Now(); in.warned.IsZero() || now.Sub(in.warned) >= warnEvery {
		in.warned, level = now, slog.LevelWarn
	}
	in.log.Log(context.Background(), level, what, "from", clip(from), "error", clip(err.Error()), "dropped_in_all", total)
}

// startTag parses the start tag of a stanza as a part of its stream.
func startTag(tag []byte) (xml.StartElement, error) {
	d := xml.NewDecoder(io.MultiReader(strings.NewReader(streamHeader), bytes.NewReader(tag)))
	if _, err := nextStart(d); err != nil {
		return xml.StartElement{}, err
	}
	return nextStart(d)
}

// firstChild returns the first child element of a stanza, or the zero value.
func firstChild(raw []byte) (xml.StartElement, error) {
	d := xml.NewDecoder(io.MultiReader(strings.NewReader(streamHeader), bytes.NewReader(raw)))
	for range 2 {
		if _, err := nextStart(d); err != nil {
			return xml.StartElement{}, err
		}
	}
	for {
		t, err := d.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t.Copy(), nil
		case xml.EndElement:
			return xml.StartElement{}, nil
		}
	}
}

// streamError reads a <stream:error/> (RFC 6120 section 4.9).
func streamError(raw []byte) error {
	d := xml.NewDecoder(io.MultiReader(strings.NewReader(streamHeader), bytes.NewReader(raw)))
	if _, err := nextStart(d); err != nil {
		return err
	}
	start, err := nextStart(d)
	if err != nil {
		return err
	}
	var se xmppstream.Error
	if err := d.DecodeElement(&se, &start); err != nil {
		return fmt.Errorf("decode stream error: %w", err)
	}
	if se.Err == "" {
		return errStreamEnded
	}
	return se
}

// withNamespace returns the stanza with the namespace it inherits from its
// stream declared on it, so that it can be read alone.
func withNamespace(raw []byte, start xml.StartElement) []byte {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == "xmlns" {
			return raw
		}
	}
	name := len("<") + len(elementName(raw))
	out := make([]byte, 0, len(raw)+len(nsClient)+10)
	out = append(out, raw[:name]...)
	out = append(out, ` xmlns='`+nsClient+`'`...)
	return append(out, raw[name:]...)
}

func attr(start xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
