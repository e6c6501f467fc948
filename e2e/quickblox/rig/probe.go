package rig

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Probe is an XMPP client that only listens: it tells when stanzas arrive,
// without a browser's delays.
type Probe struct {
	conn *websocket.Conn
}

// probeParty names the probe's namespace.
const probeParty = "probe"

// Probe connects a probe as a user, by WebSocket (RFC 7395) and SASL PLAIN.
func (l *Lab) Probe(ctx context.Context, user int64) (*Probe, error) {
	ns, err := l.Network.Join(ctx, probeParty)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return ns.Dial(ctx, network, address)
	}}
	conn, _, err := websocket.Dial(ctx, "ws://"+hubAddress+":5280/xmpp-websocket", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"xmpp"},
	})
	if err != nil {
		return nil, fmt.Errorf("connect probe: %w", err)
	}
	conn.SetReadLimit(maxLine)
	p := &Probe{conn: conn}
	if err := p.login(ctx, user); err != nil {
		_ = conn.CloseNow() // the login's error says more
		return nil, fmt.Errorf("log probe in: %w", err)
	}
	return p, nil
}

func (p *Probe) login(ctx context.Context, user int64) error {
	name := fmt.Sprintf("%d-%d", user, appID)
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + name + "\x00" + Password(user)))
	const open = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="` + Domain + `" version="1.0"/>`
	steps := []struct{ send, expect string }{
		{open, "mechanisms"},
		{`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">` + secret + `</auth>`, "<success"},
		{open, "urn:ietf:params:xml:ns:xmpp-bind"},
		{`<iq xmlns="jabber:client" type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`, "<jid>"},
		{`<presence xmlns="jabber:client"/>`, "<presence"},
	}
	for _, step := range steps {
		if err := p.conn.Write(ctx, websocket.MessageText, []byte(step.send)); err != nil {
			return err
		}
		if _, err := p.await(ctx, step.expect); err != nil {
			return err
		}
	}
	return nil
}

// AwaitSignal waits for a signal of a type (call, hangUp, …) and returns when
// it arrived.
func (p *Probe) AwaitSignal(ctx context.Context, signalType string) (time.Time, error) {
	return p.await(ctx, "<signalType>"+signalType+"</signalType>")
}

func (p *Probe) await(ctx context.Context, text string) (time.Time, error) {
	for {
		_, frame, err := p.conn.Read(ctx)
		at := time.Now()
		if err != nil {
			return at, fmt.Errorf("wait for %s: %w", text, err)
		}
		if strings.Contains(string(frame), text) {
			return at, nil
		}
		if strings.Contains(string(frame), "<failure") {
			return at, fmt.Errorf("wait for %s: got %s", text, frame)
		}
	}
}

// Close ends the connection.
func (p *Probe) Close() error { return p.conn.CloseNow() }
