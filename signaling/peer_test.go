package signaling

import (
	"bytes"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// buffered is a pipe whose writes do not wait for the reader, like a socket's.
type buffered struct {
	net.Conn
	mu     sync.Mutex
	out    chan []byte
	closed bool
}

func newBuffered(conn net.Conn) *buffered {
	b := &buffered{Conn: conn, out: make(chan []byte, 10_000)}
	go func() {
		defer conn.Close()
		for p := range b.out {
			if _, err := conn.Write(p); err != nil {
				return
			}
		}
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, net.ErrClosed
	}
	select {
	case b.out <- bytes.Clone(p):
		return len(p), nil
	default:
		return 0, errors.New("buffer is full")
	}
}

// Close closes the pipe once everything was read from it.
func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.out)
	}
	return nil
}

// peer is the server's end of a connection.
type peer struct {
	t    *testing.T
	conn net.Conn
	d    *xml.Decoder
	seen *bytes.Buffer // everything read since the last stream header
}

func newPeer(t *testing.T, conn net.Conn) *peer {
	p := &peer{t: t, conn: conn}
	p.restart()
	return p
}

func (p *peer) restart() {
	p.seen = &bytes.Buffer{}
	p.d = xml.NewDecoder(io.TeeReader(p.conn, p.seen))
}

func (p *peer) secure(cfg *tls.Config) {
	p.conn = tls.Server(p.conn, cfg)
	p.restart()
}

// openStream reads a stream header and answers it.
func (p *peer) openStream() error {
	p.restart()
	if _, err := nextStart(p.d); err != nil {
		return err
	}
	p.send(`<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0' from='` + testDomain + `'>`)
	return nil
}

// send writes raw bytes; that the client is gone shows when reading.
func (p *peer) send(raw string) { _, _ = io.WriteString(p.conn, raw) }

// element is an element that the client sent.
type element struct {
	start xml.StartElement
	raw   string
}

func (e element) attr(name string) string { return attr(e.start, name) }

func (e element) text() string {
	var t struct {
		Text string `xml:",chardata"`
	}
	_ = xml.Unmarshal([]byte(e.raw), &t)
	return t.Text
}

// element reads one whole top-level element.
func (p *peer) element() (element, error) {
	for {
		from := p.d.InputOffset()
		t, err := p.d.Token()
		if err != nil {
			return element{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			start := t.Copy()
			if err := p.d.Skip(); err != nil {
				return element{}, err
			}
			return element{start: start, raw: string(p.seen.Bytes()[from:p.d.InputOffset()])}, nil
		case xml.EndElement:
			return element{}, io.EOF
		}
	}
}

// expectStanza reads one stanza and checks it, passing over what manages the
// stream.
func (p *peer) expectStanza(want string) {
	p.t.Helper()
	p.expectOther(want, func(e element) bool { return e.start.Name.Space == nsManagement })
}

// expect reads one element and checks it.
func (p *peer) expect(want string) {
	p.t.Helper()
	p.expectOther(want, func(element) bool { return false })
}

func (p *peer) expectOther(want string, pass func(element) bool) {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(2 * time.Hour)); err != nil {
		p.t.Fatalf("set deadline: %v", err)
	}
	e, err := p.element()
	for err == nil && pass(e) {
		e, err = p.element()
	}
	if err != nil {
		p.t.Fatalf("read: %v, want %s", err, want)
	}
	if e.raw != want {
		p.t.Fatalf("got %s\nwant %s", e.raw, want)
	}
}
