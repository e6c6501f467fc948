package control

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever a request holds, the answer is a success or a refusal that says
// why, and the device sees only what was well-formed.
func FuzzRequest(f *testing.F) {
	for _, seed := range []struct{ target, body string }{
		{"/v1/press", `{"button":"front"}`},
		{"/v1/press", `{"button":"back"}`},
		{"/v1/call", `{"users":["Anna"],"call_type":"audio","conference":true,"bandwidth":5,"extension":{"a":"b"}}`},
		{"/v1/session/mute", `{"session":"s","kind":"video"}`},
		{"/v1/session/update", `{"extension":{"a":{"b":"c"}}}`},
		{"/v1/session/", `[[[[`},
		{"/v1/update", `{"source":"https://updates.example/a.raucb"}`},
		{"/v1/update", `{"source":"refused","check":1}`},
		{"/v1/status", ""},
		{"/../v1//press", "\x00"},
	} {
		f.Add(seed.target, seed.body)
	}
	f.Fuzz(func(t *testing.T, target, body string) {
		if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "/v1/events") {
			return // only paths of requests with one answer
		}
		dev := newFakeDevice()
		s := NewServer("", "", dev, slog.New(slog.DiscardHandler))
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.Path = target
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, r)

		switch w.Code / 100 {
		case 2, 3: // 3: the multiplexer tidies a path up
		case 4:
			var refusal errorResponse
			if err := json.Unmarshal(w.Body.Bytes(), &refusal); err != nil || refusal.Error == "" {
				t.Errorf("%d with body %q: %v", w.Code, w.Body, err)
			}
		default:
			t.Errorf("status %d: %q", w.Code, w.Body)
		}
		if asked := dev.requests(); len(asked) > 0 && strings.TrimSpace(body) != "" && !json.Valid([]byte(body)) {
			t.Errorf("device was asked %q by %q", asked, body)
		}
	})
}
