package update

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPoll(t *testing.T) {
	p := newPKI(t)
	body := encode(t, p.envelope(t, "signer", onePayload))
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(body)
	})
	s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	config := Config{Manifest: s.URL + "/stable.json", CAFile: s.caFile, Keyring: p.path("keyring.pem")}
	poll := poller{agent: "intercomd/1.0.0"}
	for range 2 {
		m, err := poll.poll(t.Context(), config, time.Now())
		if err != nil || len(m.Updates) != 1 {
			t.Fatalf("%+v, %v", m, err)
		}
	}
	list := s.requests()
	if list[0].Header.Get("If-None-Match") != "" || list[1].Header.Get("If-None-Match") != `"1"` || list[0].UserAgent() != "intercomd/1.0.0" {
		t.Errorf("requests: %v, %v", list[0].Header, list[1].Header)
	}
	// Unchanged, but the signature has become invalid meanwhile.
	if _, err := poll.poll(t.Context(), config, time.Now().Add(50*365*24*time.Hour)); err == nil || !strings.Contains(err.Error(), "expired on") {
		t.Errorf("years later: %v", err)
	}
	if _, err := poll.poll(t.Context(), config, time.Now()); err != nil || s.requests()[3].Header.Get("If-None-Match") != "" {
		t.Errorf("after that: %v, %v", err, s.requests()[3].Header)
	}
	config.Manifest = s.URL + "/beta.json"
	if _, err := poll.poll(t.Context(), config, time.Now()); err != nil || s.requests()[4].Header.Get("If-None-Match") != "" {
		t.Errorf("another manifest: %v, %v", err, s.requests()[4].Header)
	}
}

func TestPollRefusals(t *testing.T) {
	p := newPKI(t)
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		change func(*Config)
		want   string
		after  time.Duration
	}{
		{"busy", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, nil, "/m.json: the server says 503 Service Unavailable", 2 * time.Minute},
		{"gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, nil, "404 Not Found", 0},
		{"unchanged from nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, nil, "304 Not Modified", 0},
		{"too large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxManifest+1)) }, nil, "the manifest is larger than 64 KiB", 0},
		{"breaks off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		}, nil, "unexpected EOF", 0},
		{"to http", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://other.example.org/?secret", http.StatusFound)
		}, nil, "redirection to http://other.example.org/: only https is allowed", 0},
		{"no keyring", nil, func(c *Config) { c.Keyring = "/nothing" }, "read keyring: open /nothing", 0},
		{"no certificates", nil, func(c *Config) { c.CAFile = "/nothing" }, "read certificates for the update server", 0},
		{"key as certificates", nil, func(c *Config) { c.CAFile = p.path("root.key") }, "there is none in", 0},
		{"http", nil, func(c *Config) { c.Manifest = "http://u:secret@h/m?secret" }, "http://h/m: only https is allowed", 0},
		{"no address", nil, func(c *Config) { c.Manifest = "https://h/%zz\x00" }, "update.manifest is no web address", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tt.answer(w, r) }))
			config := Config{Manifest: s.URL + "/m.json?secret=1", CAFile: s.caFile, Keyring: p.path("keyring.pem")}
			if tt.change != nil {
				tt.change(&config)
			}
			w := worker{}
			ev := w.check(t.Context(), config).(checked)
			if ev.err == nil || !strings.Contains(ev.err.Error(), tt.want) || strings.Contains(ev.err.Error(), "secret") {
				t.Errorf("got %v, want %q", ev.err, tt.want)
			}
			if ev.retryAfter != tt.after {
				t.Errorf("again after %v, want %v", ev.retryAfter, tt.after)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "60": time.Minute, "-5": 0, "99999999": maxRetry, "9999999999999999999": 0, "soon": 0,
		rigStart.Add(time.Hour).Format(http.TimeFormat): time.Hour, rigStart.Add(-time.Hour).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(value, rigStart); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for raw, want := range map[string]string{
		"https://u:p@h:8443/a/b?token=x#y": "https://h:8443/a/b",
		"https://h/%zz":                    "(unreadable web address)",
		"/a/file":                          "/a/file",
	} {
		if got := redact(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
	if err := checkURL("https://h/" + strings.Repeat("a", maxText)); err == nil {
		t.Error("an endless address was accepted")
	}
	if err := checkURL("https://h/%zz"); err == nil || err.Error() != "this is no web address" {
		t.Errorf("got %v", err)
	}
}

func TestReport(t *testing.T) {
	status := http.StatusNoContent
	var body string
	s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		body = r.Method + " " + r.Header.Get("Content-Type") + " " + string(data)
		w.WriteHeader(status)
	}))
	w, config := worker{agent: "intercomd/1.0.0"}, Config{CAFile: s.caFile}
	rep := report{URL: s.URL + "/r?secret", Device: "d", From: "1.0.0", To: "1.1.0", Outcome: OutcomeFailed, Error: "no \"camera\""}
	if ev := w.report(t.Context(), config, rep).(reported); ev.err != nil {
		t.Errorf("got %v", ev.err)
	}
	const want = `POST application/json {"device":"d","from":"1.0.0","to":"1.1.0","outcome":"failed","error":"no \"camera\""}`
	if body != want {
		t.Errorf("sent %s", body)
	}
	for code, drop := range map[int]bool{404: true, 403: true, 500: false, 429: false, 503: false} {
		status = code
		ev := w.report(t.Context(), config, rep).(reported)
		if ev.err == nil || ev.drop != drop || strings.Contains(ev.err.Error(), "secret") {
			t.Errorf("%d: %+v", code, ev)
		}
	}
	s.Close()
	if ev := w.report(t.Context(), config, rep).(reported); ev.err == nil || ev.drop {
		t.Errorf("nobody there: %+v", ev)
	}
	if ev := w.report(t.Context(), Config{CAFile: "/nothing"}, rep).(reported); ev.err == nil || ev.drop {
		t.Errorf("no certificates: %+v", ev)
	}
	rep.URL = "https://h/%zz"
	if ev := w.report(t.Context(), config, rep).(reported); !ev.drop {
		t.Errorf("no address: %+v", ev)
	}
}

func TestStreamable(t *testing.T) {
	content := noise(1000)
	for name, tt := range map[string]struct {
		handler http.Handler
		size    int64
		want    bool
		err     string
	}{
		"parts":         {fileServer(content), 1000, true, ""},
		"size unknown":  {fileServer(content), 0, true, ""},
		"other size":    {fileServer(content), 999, false, "the bundle on the server has 1000 bytes, and the manifest says 999"},
		"whole only":    {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }), 1000, false, ""},
		"not there":     {http.NotFoundHandler(), 1000, false, "404 Not Found"},
		"odd part":      {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) }), 1000, false, ""},
		"to plain http": {http.RedirectHandler("http://h/", http.StatusFound), 1000, false, "only https"},
	} {
		s := newServer(t, tt.handler)
		w := worker{}
		got, err := w.streamable(t.Context(), s.client(t), Update{URL: s.URL + "/b", Size: tt.size})
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
}

func TestCopyOfCertificates(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, []byte("certificates"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, config := worker{}, Config{CAFile: ca, RuntimeDir: t.TempDir()}
	got, err := w.access(config, plan{source: "https://h/b"})
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, got.CA, []byte("certificates"))
	if info, err := os.Stat(got.CA); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if got, err := w.access(config, plan{source: "/b"}); err != nil || got.CA != "" {
		t.Errorf("for a file: %+v, %v", got, err)
	}
	config.RuntimeDir = filepath.Join(dir, "missing")
	if _, err := w.access(config, plan{source: "https://h/b"}); err == nil {
		t.Error("no folder, no error")
	}
	config.CAFile = filepath.Join(dir, "missing")
	if _, err := w.access(config, plan{source: "https://h/b"}); err == nil {
		t.Error("no certificates, no error")
	}
}
