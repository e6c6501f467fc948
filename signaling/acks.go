package signaling

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// enabled is the server's answer to <enable/> (XEP-0198 section 3).
type enabled struct {
	ok       bool // it manages the stream
	id       string
	location string
	max      time.Duration
}

// acks is the reading side of stream management: it counts the stanzas that
// were handled and passes on what the server says. The reader calls its
// methods; the channels are for the writer.
type acks struct {
	received *atomic.Uint32 // of the session
	expects  string         // the element that begins the counting, "" when none may come
	counting bool

	answered  chan enabled  // to <enable/>; capacity 1, as it comes once
	requested chan struct{} // the server wants to know the count; capacity 1
	told      chan struct{} // the server told its count; capacity 1
	latest    atomic.Uint32 // that count
}

func newAcks(received *atomic.Uint32, expects string) *acks {
	return &acks{
		received: received, expects: expects,
		answered: make(chan enabled, 1), requested: make(chan struct{}, 1), told: make(chan struct{}, 1),
	}
}

// handled counts an element that was dealt with.
func (a *acks) handled(name xml.Name) {
	if a.counting && name.Space == nsClient && isStanza(name.Local) {
		a.received.Add(1)
	}
}

var errUnexpected = errors.New("unexpected element of stream management")

// element takes an element of stream management. One that may not come now is
// errUnexpected and changes nothing; any other error ends the stream.
func (a *acks) element(start xml.StartElement) error {
	name := start.Name.Local
	switch {
	case a.expects != "" && name == a.expects:
		return a.begin(start)
	case a.expects == "enabled" && name == "failed":
		a.expects = ""
		a.answered <- enabled{}
		return nil
	case a.counting && name == "r":
		token(a.requested)
		return nil
	case a.counting && name == "a":
		h, err := count(start)
		if err != nil {
			return err
		}
		a.latest.Store(h)
		token(a.told)
		return nil
	}
	return errUnexpected
}

// begin starts the counting.
func (a *acks) begin(start xml.StartElement) error {
	if a.expects == "enabled" {
		a.received.Store(0)
		a.answered <- parseEnabled(start)
	}
	a.expects, a.counting = "", true
	return nil
}

func parseEnabled(start xml.StartElement) enabled {
	e := enabled{ok: true}
	if resume := attr(start, "resume"); resume != "true" && resume != "1" {
		return e
	}
	e.id = attr(start, "id")
	e.location = attr(start, "location")
	if seconds, err := strconv.ParseUint(attr(start, "max"), 10, 31); err == nil {
		e.max = time.Duration(seconds) * time.Second
	}
	return e
}

// count reads the attribute h.
func count(start xml.StartElement) (uint32, error) {
	h, err := strconv.ParseUint(attr(start, "h"), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("the server's count of stanzas is no number below 2^32: %q", clip(attr(start, "h")))
	}
	return uint32(h), nil
}

// hostPort reads an address as <see-other-host/> and <enabled/> have it (RFC
// 6120 section 4.9.3.19): a name or an IP address, in brackets if it is IPv6,
// and maybe a port. It returns host:port, or "" for what is none.
func hostPort(text, defaultPort string) string {
	text = strings.TrimSpace(text)
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"), defaultPort
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || len(host) > 253 || strings.ContainsAny(host, " \t\r\n/@[]<>'\"") {
		return ""
	}
	return net.JoinHostPort(host, port)
}
