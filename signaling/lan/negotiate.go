package lan

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"mellium.im/xmpp/jid"
)

// negotiate brings a connection from its first byte to a bound resource: one
// stream after the other, each with the features that are left (RFC 6120 4.3).
func (c *client) negotiate(ctx context.Context) error {
	for {
		if err := c.open(); err != nil {
			return err
		}
		bound, err := c.negotiateStream(ctx)
		if bound || err != nil {
			return err
		}
	}
}

// open answers the beginning of a stream with its own and the features.
func (c *client) open() error {
	e, err := c.frames.read()
	if err != nil {
		return fmt.Errorf("read stream opening: %w", err)
	}
	if !c.framing.isOpening(e) {
		return streamError("invalid-namespace")
	}
	if err := c.frames.write(c.framing.opening(c.srv.cfg.Domain)); err != nil {
		return fmt.Errorf("write stream opening: %w", err)
	}
	switch {
	case !strings.EqualFold(e.attr("to"), c.srv.cfg.Domain):
		return streamError("host-unknown")
	case e.attr("version") != "1.0":
		return streamError("unsupported-version")
	}
	return c.frames.write(streamElement("features", c.features()...))
}

// features lists what the client may do next.
func (c *client) features() []*element {
	if c.user != "" {
		session := newElement(nsSession, "session", newElement(nsSession, "optional"))
		return []*element{newElement(nsBind, "bind", newElement(nsBind, "required")), session}
	}
	var fs []*element
	if c.canStartTLS() {
		e := newElement(nsTLS, "starttls")
		if c.srv.cfg.RequireTLS {
			e = newElement(nsTLS, "starttls", newElement(nsTLS, "required"))
		}
		fs = append(fs, e)
	}
	if c.canLogin() {
		e := newElement(nsSASL, "mechanisms")
		for _, m := range c.mechanisms() {
			e.nodes = append(e.nodes, node{elem: newElement(nsSASL, "mechanism").withText(m.Name)})
		}
		fs = append(fs, e)
	}
	return fs
}

func (c *client) canStartTLS() bool {
	return c.srv.tls != nil && c.framing == overTCP && !c.private && !c.secured
}

func (c *client) canLogin() bool { return c.private || c.secured || !c.srv.cfg.RequireTLS }

// negotiateStream handles requests until the stream has to restart, or until
// the client is bound.
func (c *client) negotiateStream(ctx context.Context) (bound bool, err error) {
	for {
		e, err := c.frames.read()
		if err != nil {
			return false, fmt.Errorf("negotiate: %w", err)
		}
		switch {
		case c.user != "" && e.is(nsClient, "iq"):
			return true, c.bind(e)
		case c.user != "":
			return false, streamError("not-authorized")
		case e.is(nsTLS, "starttls") && c.canStartTLS():
			return false, c.startTLS(ctx)
		case e.is(nsSASL, "auth") && c.canLogin():
			if ok, err := c.authenticate(e); ok || err != nil {
				return false, err
			}
		default:
			return false, streamError("not-authorized")
		}
	}
}

// startTLS answers <starttls/> (RFC 6120 5). Bytes that came before the
// handshake would be taken for protected ones after it, so there must be none.
func (c *client) startTLS(ctx context.Context) error {
	t, ok := c.frames.(*tcpFrames)
	if !ok || t.pending() {
		return streamError("policy-violation")
	}
	if err := t.write([]byte("<proceed xmlns=\"" + nsTLS + "\"/>")); err != nil {
		return err
	}
	conn := tls.Server(t.conn, c.srv.tls)
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS handshake: %w", err)
	}
	secured := newTCPFrames(conn, c.srv.cfg.Limits, c.alive)
	secured.under = t.conn
	c.frames, c.secured, c.private = secured, true, true
	return nil
}

// bind gives the client its resource, the one it asks for or a random one
// (RFC 6120 7). The answer is the first thing in the queue.
func (c *client) bind(iq *element) error {
	req := iq.child(nsBind, "bind")
	if req == nil || iq.attr("type") != "set" {
		return streamError("not-authorized")
	}
	resource := rand.Text()[:12]
	if r := req.child(nsBind, "resource"); r != nil && r.text() != "" {
		resource = r.text()
	}
	full, err := jid.New(c.user, c.srv.cfg.Domain, resource)
	if err != nil {
		refusal := errorReply(iq, "modify", "bad-request").marshal()
		return errors.Join(fmt.Errorf("bind resource: %w", err), c.frames.write(refusal))
	}
	c.jid = full
	answer := newElement(nsBind, "bind", newElement(nsBind, "jid").withText(full.String()))
	c.offer(resultReply(iq, answer).marshal())
	return nil
}
