package lan

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// webSocketFrames reads and writes one element in each text message (RFC 7395
// 3.3).
type webSocketFrames struct {
	conn    *websocket.Conn
	ctx     context.Context // until close
	cancel  context.CancelFunc
	limit   int           // bytes of a message
	timeout time.Duration // of one write
	alive   func()
}

func newWebSocketFrames(conn *websocket.Conn, limits Limits, alive func()) *webSocketFrames {
	// One byte more than allowed gets through, to tell "too large" by
	// ourselves, in XMPP's words.
	conn.SetReadLimit(int64(limits.StanzaBytes) + 2)
	ctx, cancel := context.WithCancel(context.Background())
	return &webSocketFrames{
		conn: conn, ctx: ctx, cancel: cancel,
		limit: limits.StanzaBytes, timeout: limits.WriteTimeout, alive: alive,
	}
}

func (w *webSocketFrames) read() (*element, error) {
	typ, r, err := w.conn.Reader(w.ctx)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(w.limit)+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > w.limit:
		return nil, streamError("policy-violation")
	case typ != websocket.MessageText:
		return nil, streamError("not-well-formed")
	}
	w.alive()
	e, err := parseMessage(b)
	if err == nil && e.is(nsFraming, "close") {
		return nil, io.EOF
	}
	return e, err
}

// parseMessage parses a message: one whole element, nothing else around it but
// whitespace and an XML declaration.
func parseMessage(b []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	var e *element
	for {
		tok, err := d.Token()
		if err == io.EOF && e != nil {
			return e, nil
		}
		if err != nil {
			return nil, malformed(readError(err))
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if e != nil {
				return nil, streamError("not-well-formed")
			}
			if e, err = readElement(d, tok); err != nil {
				return nil, malformed(err)
			}
		case xml.CharData:
			if strings.Trim(string(tok), " \t\r\n") != "" {
				return nil, streamError("not-well-formed")
			}
		case xml.ProcInst:
			if tok.Target != "xml" || e != nil {
				return nil, streamError("restricted-xml")
			}
		default:
			return nil, streamError("restricted-xml")
		}
	}
}

// malformed makes a stream error of every error: a message has no connection
// that could fail.
func malformed(err error) error {
	if _, ok := errors.AsType[streamError](err); ok {
		return err
	}
	return streamError("not-well-formed")
}

func (w *webSocketFrames) write(b []byte) error {
	ctx, cancel := context.WithTimeout(w.ctx, w.timeout)
	defer cancel()
	return w.conn.Write(ctx, websocket.MessageText, b)
}

func (w *webSocketFrames) close() {
	w.cancel()
	_ = w.conn.CloseNow()
}

// WebSocket returns the handler of the XMPP endpoint for browsers (RFC 7395).
// It refuses clients that don't speak the subprotocol "xmpp", and pages of
// origins that are neither the same host nor listed in [Config.Origins]. The
// handler returns when the connection has ended.
func (s *Server) WebSocket() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remote := remoteAddr(r.RemoteAddr)
		private := r.TLS != nil || remote.IsLoopback()
		if s.cfg.RequireTLS && !private {
			http.Error(w, "TLS is required here", http.StatusForbidden)
			return
		}
		slot, err := s.admit(remote)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		defer slot.release()
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols:   []string{"xmpp"},
			OriginPatterns: s.cfg.Origins,
		})
		if err != nil {
			s.log.Info("WebSocket refused", "remote", remote, "error", err)
			return
		}
		if conn.Subprotocol() != "xmpp" {
			_ = conn.Close(websocket.StatusPolicyViolation, "the subprotocol is xmpp")
			return
		}
		c := s.newClient(remote, overWebSocket, private)
		c.frames = newWebSocketFrames(conn, s.cfg.Limits, c.alive)
		c.run(slot.ctx)
	})
}

// remoteAddr returns the address of "host:port"; what cannot be parsed shares
// the zero address, which is not loopback.
func remoteAddr(hostport string) netip.Addr {
	ap, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.IPv6Unspecified()
	}
	return ap.Addr().Unmap().WithZone("")
}
