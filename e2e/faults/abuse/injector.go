package abuse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// injector is a TCP proxy without TLS that puts stanzas of its own between those
// of the server.
type injector struct {
	listener net.Listener
	server   string
	unmanage bool // hide that the server has XEP-0198: its counts would be wrong
	open     sync.WaitGroup
	ended    chan struct{}

	mu     sync.Mutex
	client net.Conn // the newest; nil before there is one
	whole  bool     // what was written to it ended with an element
}

func newInjector(server string, unmanage bool) (*injector, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for injector: %w", err)
	}
	p := &injector{listener: listener, server: server, unmanage: unmanage, ended: make(chan struct{})}
	go p.accept()
	return p, nil
}

func (p *injector) address() string { return p.listener.Addr().String() }

func (p *injector) accept() {
	defer close(p.ended)
	ctx, cancel := context.WithCancel(context.Background())
	defer p.open.Wait()
	defer cancel()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.open.Go(func() { p.serve(ctx, client) })
	}
}

// serve passes everything on until either side ends.
func (p *injector) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	defer context.AfterFunc(ctx, func() { client.Close() })()
	p.mu.Lock()
	p.client, p.whole = client, false
	p.mu.Unlock()
	var down sync.WaitGroup
	down.Go(func() {
		defer client.Close()
		p.pass(server, client)
	})
	buffer := make([]byte, 32<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			break
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			break
		}
	}
	server.Close()
	down.Wait()
}

// pass writes what the server says. Prosody writes whole elements; a piece that
// ends with '>' is taken for the end of some.
func (p *injector) pass(server, client net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		text := buffer[:n]
		if p.unmanage {
			text = hideManagement(text)
		}
		p.mu.Lock()
		_, err = client.Write(text)
		p.whole = buffer[n-1] == '>'
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// hideManagement renames the stream feature, so that no client knows it. What
// is there once in a stream is in one piece of Prosody's.
func hideManagement(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("'urn:xmpp:sm:"), []byte("'urn:xmpp:no:"))
}

var errNotNow = errors.New("no client, or in the midst of an element")

// inject writes a stanza to the client.
func (p *injector) inject(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client == nil || !p.whole {
		return errNotNow
	}
	if err := p.client.SetWriteDeadline(time.Now().Add(writeBound)); err != nil {
		return err
	}
	_, err := p.client.Write([]byte(text))
	return err
}

func (p *injector) close() error {
	err := p.listener.Close()
	p.mu.Lock()
	if p.client != nil {
		p.client.Close()
	}
	p.mu.Unlock()
	<-p.ended
	return err
}
