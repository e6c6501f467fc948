package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

func TestRequestsReachDevice(t *testing.T) {
	ctx := t.Context()
	tests := []struct {
		name string
		do   func(*Client) error
		want string
	}{
		{"press", func(c *Client) error { return c.Press(ctx, "front") }, "press front"},
		{"relay", func(c *Client) error { return c.Relay(ctx, "door") }, "relay door"},
		{"call", func(c *Client) error {
			ids, err := c.Call(ctx, intercom.CallRequest{
				Users: []string{"Anna", "102"}, CallType: "audio", Conference: true, Bandwidth: 500,
				Extension: call.Extension{"floor": "2"},
			})
			if got := fmt.Sprint(ids); err == nil && got != "[s-1 s-2]" {
				return errors.New("sessions: " + got)
			}
			return err
		}, "call [Anna 102] audio true 500 map[floor:2]"},
		{"accept", func(c *Client) error {
			return c.Do(ctx, VerbAccept, intercom.SessionRequest{})
		}, `accept ""  map[]`},
		{"reject", func(c *Client) error {
			return c.Do(ctx, VerbReject, intercom.SessionRequest{Session: "s-1", Extension: call.Extension{"why": "<busy>"}})
		}, `reject "s-1"  map[why:<busy>]`},
		{"stop", func(c *Client) error {
			return c.Do(ctx, VerbStop, intercom.SessionRequest{Session: "s-1"})
		}, `stop "s-1"  map[]`},
		{"update", func(c *Client) error {
			return c.Do(ctx, VerbUpdate, intercom.SessionRequest{Session: "s-1", Extension: call.Extension{"a": "=b"}})
		}, `update "s-1"  map[a:=b]`},
		{"mute", func(c *Client) error {
			return c.Do(ctx, VerbMute, intercom.SessionRequest{Kind: call.KindVideo})
		}, `mute "" video map[]`},
		{"unmute", func(c *Client) error {
			return c.Do(ctx, VerbUnmute, intercom.SessionRequest{Kind: call.KindAudio})
		}, `unmute "" audio map[]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev := newFakeDevice()
			path, _ := serve(t, dev, "")
			if err := tt.do(NewClient(path)); err != nil {
				t.Fatal(err)
			}
			if got := dev.requests(); len(got) != 1 || got[0] != tt.want {
				t.Errorf("device was asked %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStatusPassesWhole(t *testing.T) {
	dev := newFakeDevice()
	dev.status = intercom.Status{
		Name: "Front <door>", Version: "1.2.3", UserID: 104,
		XMPP:     intercom.XMPPStatus{State: "online", JID: "104-7@x/y"},
		Buttons:  []string{"front"},
		Contacts: []intercom.ContactStatus{{Name: "Anna", UserID: 101}},
		Sessions: []intercom.SessionStatus{{ID: "s", State: "ACTIVE", Peers: []intercom.PeerStatus{{UserID: 101, State: "CONNECTED"}}}},
		Media:    map[string]uint64{"encoders_h264": 1},
	}
	path, _ := serve(t, dev, "")
	got, err := NewClient(path).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", dev.status) {
		t.Errorf("status came as\n%+v, want\n%+v", got, dev.status)
	}
}

func TestDeviceErrorsBecomeStatusCodes(t *testing.T) {
	tests := []struct {
		err    error
		status int
	}{
		{&intercom.NotFoundError{Kind: "button", Name: "back", Known: []string{"front", "side"}}, http.StatusNotFound},
		{&intercom.ConflictError{Verb: "accept", Reason: "no call rings"}, http.StatusConflict},
		{&intercom.RequestError{Field: "users", Value: "Zoe", Reason: "unknown"}, http.StatusBadRequest},
		{fmt.Errorf("ring: %w", &intercom.ConflictError{Verb: "call", Reason: "busy"}), http.StatusConflict},
		{&call.StateError{Session: "s", State: call.StateNew, Verb: "stop"}, http.StatusConflict},
		{fmt.Errorf("ring: %w", call.ErrSessionExists), http.StatusConflict},
		{&call.TooManyOpponentsError{Count: 4}, http.StatusBadRequest},
		{fmt.Errorf("ring 104: %w", call.ErrInvalidOpponent), http.StatusBadRequest},
		{call.ErrClosed, http.StatusServiceUnavailable},
		{intercom.ErrStopped, http.StatusServiceUnavailable},
		{fmt.Errorf("ring: %w", context.DeadlineExceeded), http.StatusGatewayTimeout},
		{errors.New(`open camera "file:/x": no such file or directory`), http.StatusInternalServerError},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			dev := newFakeDevice()
			dev.err = tt.err
			path, _ := serve(t, dev, "")
			_, callErr := NewClient(path).Call(t.Context(), intercom.CallRequest{Users: []string{"Anna"}})
			for _, err := range []error{
				NewClient(path).Press(t.Context(), "front"),
				NewClient(path).Do(t.Context(), VerbStop, intercom.SessionRequest{}),
				callErr,
			} {
				var refused *RefusedError
				if !errors.As(err, &refused) {
					t.Fatalf("got %v, want a refusal", err)
				}
				if refused.Status != tt.status || refused.Message != tt.err.Error() {
					t.Errorf("got %d %q, want %d %q", refused.Status, refused.Message, tt.status, tt.err)
				}
			}
		})
	}
}

func TestBadRequests(t *testing.T) {
	big := `{"button":"` + strings.Repeat("x", maxBody) + `"}`
	tests := []struct {
		name, request string
		status        string
		body          string
	}{
		{"unknown button", post("/v1/press", `{"button":"back"}`), "404 Not Found", `no button \"back\"; there is: front`},
		{"unknown field", post("/v1/press", `{"button":"front","often":2}`), "400 Bad Request", `read request: unknown field \"often\"`},
		{"wrong type", post("/v1/press", `{"button":7}`), "400 Bad Request", "cannot unmarshal number"},
		{"not JSON", post("/v1/call", "users=Anna"), "400 Bad Request", "read request: invalid character 'u'"},
		{"cut short", post("/v1/call", `{"users":["Anna"`), "400 Bad Request", "read request: unexpected EOF"},
		{"two values", post("/v1/press", `{"button":"front"}{}`), "400 Bad Request", "more than one JSON value"},
		{"junk behind", post("/v1/press", `{"button":"front"}x`), "400 Bad Request", "read request: invalid character 'x'"},
		{"binary", post("/v1/press", "\x00\xff\x01"), "400 Bad Request", `read request: invalid character`},
		{"deep", post("/v1/press", strings.Repeat("[", 20000)), "400 Bad Request", "exceeded max depth"},
		{"oversized", post("/v1/press", big), "413 Request Entity Too Large", "more than 65536 bytes"},
		{"unknown verb", post("/v1/session/dance", `{}`), "404 Not Found", `no verb \"dance\"; there is: accept, reject, stop, update, mute, unmute`},
		{"unknown kind", post("/v1/session/mute", `{"kind":"smell"}`), "400 Bad Request", `kind \"smell\": must be audio or video`},
		{"nested extension", post("/v1/session/update", `{"extension":{"a":{"b":"c"}}}`), "400 Bad Request", "cannot unmarshal object"},
		{"unknown path", post("/v2/press", `{}`), "404 Not Found", `no path \"/v2/press\"`},
		{"wrong method", post("/v1/status", ``), "405 Method Not Allowed", "/v1/status needs GET"},
		{"wrong method too", "GET /v1/press HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405 Method Not Allowed", "/v1/press needs POST"},
		{"huge header", "GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 64<<10) + "\r\n\r\n", "431 Request Header Fields Too Large", ""},
		{"not HTTP", "\x00\x01\x02\r\n\r\n", "400 Bad Request", ""},
	}
	dev := newFakeDevice()
	path, _ := serve(t, dev, "")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := exchange(t, path, tt.request)
			if !strings.HasPrefix(got, "HTTP/1.1 "+tt.status+"\r\n") {
				t.Errorf("answer is %.60q, want status %s", got, tt.status)
			}
			_, body, _ := strings.Cut(got, "\r\n\r\n")
			if !strings.Contains(body, tt.body) {
				t.Errorf("body is %q, want it to contain %q", body, tt.body)
			}
			if tt.body != "" && !strings.HasPrefix(body, `{"error":"`) {
				t.Errorf("body is %q, want {\"error\":…}", body)
			}
		})
	}
	if got := dev.requests(); len(got) != 1 || got[0] != "press back" {
		t.Errorf("device was asked %q, want the unknown button only", got)
	}
}

func TestEmptyBodyIsEmptyRequest(t *testing.T) {
	dev := newFakeDevice()
	path, _ := serve(t, dev, "")
	got := exchange(t, path, post("/v1/session/accept", ""))
	if !strings.HasPrefix(got, "HTTP/1.1 204 ") {
		t.Errorf("answer is %q, want 204", got)
	}
}

func TestRunEndsWhileDeviceIsBusy(t *testing.T) {
	dev := newFakeDevice()
	dev.block = true
	path, stop := serve(t, dev, "")
	answered := make(chan error, 1)
	go func() { answered <- NewClient(path).Press(t.Context(), "front") }()
	for len(dev.requests()) == 0 {
		if _, err := NewClient(path).Status(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if err := receive(t, answered, "answer"); err == nil {
		t.Error("a press the device never carried out was reported as done")
	}
}

func TestSilentConnectionDoesNotHoldUpTheEnd(t *testing.T) {
	path, stop := serve(t, newFakeDevice(), "")
	conn := dial(t, path)
	defer conn.Close()
	if err := stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
}
