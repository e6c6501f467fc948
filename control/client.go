package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

const (
	dialTimeout   = 5 * time.Second
	clientTimeout = writeTimeout + time.Second // the server gives up first
	maxAnswer     = 1 << 20                    // bytes of an answer or an event
)

// ErrEnded says that the daemon ended the event stream.
var ErrEnded = errors.New("intercomd has stopped")

// DroppedError says that the daemon ended the event stream because this
// follower was too slow.
type DroppedError struct{ Reason string }

func (e *DroppedError) Error() string { return e.Reason }

// RefusedError is a refusal by the daemon.
type RefusedError struct {
	Status  int // HTTP status code
	Message string
}

func (e *RefusedError) Error() string { return e.Message }

// Client speaks to the daemon. It may be used by several goroutines.
type Client struct {
	path string
	http *http.Client
}

// NewClient makes a client for the socket at path. Nothing is dialled yet.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: dialTimeout}
		return d.DialContext(ctx, "unix", path)
	}
	// One request, one connection: nothing to be closed in between.
	t := &http.Transport{DialContext: dial, DisableKeepAlives: true}
	return &Client{path: path, http: &http.Client{Transport: t}}
}

// Press presses a button.
func (c *Client) Press(ctx context.Context, button string) error {
	return c.do(ctx, http.MethodPost, "/v1/press", pressRequest{Button: button}, nil)
}

// Relay lets a relay pulse.
func (c *Client) Relay(ctx context.Context, relay string) error {
	return c.do(ctx, http.MethodPost, "/v1/relay", relayRequest{Relay: relay}, nil)
}

// Call rings users and returns the sessions made for it.
func (c *Client) Call(ctx context.Context, r intercom.CallRequest) ([]call.SessionID, error) {
	var answer callResponse
	err := c.do(ctx, http.MethodPost, "/v1/call", r, &answer)
	return answer.Sessions, err
}

// Do does one of [Verbs] with a session.
func (c *Client) Do(ctx context.Context, verb string, r intercom.SessionRequest) error {
	return c.do(ctx, http.MethodPost, "/v1/session/"+verb, r, nil)
}

// Status asks what the device is doing.
func (c *Client) Status(ctx context.Context) (intercom.Status, error) {
	var s intercom.Status
	err := c.do(ctx, http.MethodGet, "/v1/status", nil, &s)
	return s, err
}

// Follow gives each event to f, from the moment of subscription on, until ctx
// ends (nil), f fails (its error), the daemon ends ([ErrEnded]) or drops this
// follower ([DroppedError]; f has seen the line). ready, when not nil, is called
// once the subscription stands.
func (c *Client) Follow(ctx context.Context, ready func(), f func(intercom.Event) error) error {
	resp, err := c.send(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer resp.Body.Close()
	if ready != nil {
		ready()
	}
	err = readEvents(resp.Body, f)
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrEnded)) {
		return nil
	}
	return err
}

// readEvents reads lines until the stream ends, which is an error as well.
func readEvents(r io.Reader, f func(intercom.Event) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		var ev intercom.Event
		if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
			return fmt.Errorf("read event: %w", err)
		}
		if err := f(ev); err != nil {
			return err
		}
		if ev.Event == EventDropped {
			return &DroppedError{Reason: ev.Error}
		}
	}
	// A daemon that is killed leaves the chunked body unfinished.
	if err := lines.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("read event: %w", err)
	}
	return ErrEnded
}

// do sends a request and reads the answer into out, unless that is nil.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("read answer of intercomd: %w", err)
	}
	return nil
}

// send returns the answer when it is a good one; its body is to be closed.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body bytes.Buffer
	if in != nil {
		if err := encoder(&body).Encode(in); err != nil {
			return nil, fmt.Errorf("write request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://intercomd"+path, &body)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	var refusal errorResponse
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&refusal); err != nil || refusal.Error == "" {
		refusal.Error = resp.Status
	}
	return nil, &RefusedError{Status: resp.StatusCode, Message: refusal.Error}
}

// explain says what to do about a connection that did not come about.
func (c *Client) explain(err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return fmt.Errorf("talk to intercomd at %s: %w", c.path, err)
	}
	switch errno {
	case syscall.ENOENT, syscall.ECONNREFUSED, syscall.ENOTDIR:
		return fmt.Errorf("connect to intercomd at %s: is it running? (%w)", c.path, errno)
	case syscall.EACCES:
		return fmt.Errorf("connect to intercomd at %s: %w: %s", c.path, errno, whoMay(c.path))
	}
	return fmt.Errorf("connect to intercomd at %s: %w", c.path, errno)
}

// whoMay describes who may use the socket.
func whoMay(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "its folder is closed to this user"
	}
	mode := info.Mode().Perm()
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Sprintf("its mode is %04o", mode)
	}
	if mode&0o020 == 0 {
		return fmt.Sprintf("its mode is %04o, for user %s only", mode, userName(st.Uid))
	}
	return fmt.Sprintf("its mode is %04o, for user %s and group %s", mode, userName(st.Uid), groupName(st.Gid))
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}
