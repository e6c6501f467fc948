package handset

import (
	"context"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func testConfig() Config {
	return Config{
		AppID: 7, Domain: "door.local",
		Device:   Person{"Front door", 104},
		Contacts: []Person{{"Anna", 101}, {"Ben", 102}, {"Cleo", 103}},
		Accounts: map[int64]string{101: "secret-a", 102: "secret-b", 104: "secret-door"},
	}
}

func newHandler(t *testing.T) http.Handler {
	t.Helper()
	h, err := Handler(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// get asks as a browser on this machine would, after change.
func get(t *testing.T, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+target, nil)
	r.RemoteAddr = "127.0.0.1:40000"
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	newHandler(t).ServeHTTP(w, r)
	return w
}

// TestPasswordsStayHere asks for the settings in all the ways that must not
// reveal a password, and in the few that may.
func TestPasswordsStayHere(t *testing.T) {
	header := func(k, v string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(k, v) }
	}
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	remote := func(a string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = a } }
	tests := []struct {
		name   string
		change func(*http.Request)
		want   bool
	}{
		{"localhost", nil, true},
		{"upper case", host("LOCALHOST:8080"), true},
		{"IPv4", host("127.0.0.1:8080"), true},
		{"IPv6", host("[::1]:8080"), true},
		{"from IPv6", remote("[::1]:40000"), true},
		{"from mapped IPv4", remote("[::ffff:127.0.0.1]:40000"), true},
		{"same origin", header("Sec-Fetch-Site", "same-origin"), true},
		{"own origin", header("Origin", "http://localhost:8080"), true},

		{"from another machine", remote("192.168.1.9:40000"), false},
		{"unknown remote", remote("@"), false},
		{"rebound name", host("evil.example:8080"), false},
		{"rebound name that looks local", host("localhost.evil.example:8080"), false},
		{"another port", host("localhost:9090"), false},
		{"no port", host("localhost"), false},
		{"no host", host(""), false},
		{"address of the machine", host("192.168.1.5:8080"), false},
		{"other site", header("Sec-Fetch-Site", "cross-site"), false},
		{"same site, other port", header("Sec-Fetch-Site", "same-site"), false},
		{"address bar", header("Sec-Fetch-Site", "none"), false},
		{"other origin", header("Origin", "http://evil.example"), false},
		{"origin with other scheme", header("Origin", "https://localhost:8080"), false},
		{"origin null", header("Origin", "null"), false},
		{"behind a proxy", header("X-Forwarded-For", "203.0.113.9"), false},
		{"behind a standard proxy", header("Forwarded", "for=203.0.113.9"), false},
		{"unknown listener", func(r *http.Request) {
			*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, nil))
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := get(t, "/config.json", tt.change)
			if w.Code != http.StatusOK {
				t.Fatalf("code %d", w.Code)
			}
			if got := strings.Contains(w.Body.String(), "secret"); got != tt.want {
				t.Errorf("password told = %v, want %v: %s", got, tt.want, w.Body)
			}
			if c := w.Header().Get("Cache-Control"); c != "no-store" {
				t.Errorf("Cache-Control %q", c)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	var got struct {
		AppID     int64             `json:"app_id"`
		Domain    string            `json:"domain"`
		WebSocket string            `json:"websocket"`
		Device    Person            `json:"device"`
		Contacts  []Person          `json:"contacts"`
		Accounts  map[string]string `json:"accounts"`
	}
	w := get(t, "/config.json", nil)
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.AppID != 7 || got.Domain != "door.local" || got.WebSocket != "/xmpp" || got.Device.UserID != 104 || len(got.Contacts) != 3 {
		t.Errorf("got %+v", got)
	}
	if len(got.Accounts) != 2 || got.Accounts["101"] != "secret-a" || got.Accounts["102"] != "secret-b" {
		t.Errorf("accounts %v: the contacts' with a password, never the door's", got.Accounts)
	}
}

func TestFiles(t *testing.T) {
	tests := []struct {
		path, contentType string
		code              int
	}{
		{"/", "text/html; charset=utf-8", 200},
		{"/index.html", "text/html; charset=utf-8", 200},
		{"/app.js", "text/javascript; charset=utf-8", 200},
		{"/phone.js", "text/javascript; charset=utf-8", 200},
		{"/media.js", "text/javascript; charset=utf-8", 200},
		{"/style.css", "text/css; charset=utf-8", 200},
		{"/icon.svg", "image/svg+xml", 200},
		{"/vendor/README", "", 404},
		{"/vendor/", "", 404},
		{"/static/index.html", "", 404},
		{"/..%2fhandset.go", "", 404},
		{"/nothing", "", 404},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			w := get(t, tt.path, nil)
			if w.Code != tt.code {
				t.Fatalf("code %d, want %d", w.Code, tt.code)
			}
			if ct := w.Header().Get("Content-Type"); tt.code == 200 && ct != tt.contentType {
				t.Errorf("Content-Type %q", ct)
			}
		})
	}
}

// TestGzippedFile: what lies there gzipped is served so, under its own name.
func TestGzippedFile(t *testing.T) {
	fsys := fstest.MapFS{"static/vendor/sdk.js.gz": {Data: []byte("squeezed")}}
	files, err := loadFiles(fsys)
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, tt := range []struct {
		accept string
		code   int
		body   string
	}{
		{"gzip, deflate, br", http.StatusOK, "squeezed"},
		{"", http.StatusNotAcceptable, "vendor/sdk.js is only to be had with Accept-Encoding: gzip, which every browser sends\n"},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/vendor/sdk.js", nil)
		r.Header.Set("Accept-Encoding", tt.accept)
		files["vendor/sdk.js"].ServeHTTP(w, r)
		if w.Code != tt.code || w.Body.String() != tt.body {
			t.Errorf("accepting %q: %d %q", tt.accept, w.Code, w.Body)
		}
		if enc := w.Header().Get("Content-Encoding"); (enc == "gzip") != (tt.code == http.StatusOK) {
			t.Errorf("accepting %q: Content-Encoding %q", tt.accept, enc)
		}
	}
}

func TestHeaders(t *testing.T) {
	for _, path := range []string{"/", "/app.js", "/config.json", "/nothing"} {
		h := get(t, path, nil).Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %s", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe-inline") || strings.Contains(csp, "unsafe-eval") || strings.Contains(csp, "*") {
			t.Errorf("%s: loose policy %q", path, csp)
		}
		for k, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if got := h.Get(k); got != want {
				t.Errorf("%s: %s = %q", path, k, got)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		if w := get(t, "/config.json", func(r *http.Request) { r.Method = method }); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: code %d", method, w.Code)
		}
	}
}

// TestUnchanged asks again with the tag of the first answer.
func TestUnchanged(t *testing.T) {
	tag := get(t, "/app.js", nil).Header().Get("ETag")
	w := get(t, "/app.js", func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
	if tag == "" || w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("tag %q, code %d, %d bytes", tag, w.Code, w.Body.Len())
	}
}

// TestPageKeepsItsPolicy looks for what the page's own policy would block, and
// for files it refers to that don't exist.
func TestPageKeepsItsPolicy(t *testing.T) {
	html, err := fs.ReadFile(static, "static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=|https?:`).Find(html); m != nil {
		t.Errorf("blocked by the policy: %q", m)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(html, -1) {
		name := string(m[1])
		if _, err := fs.Stat(static, "static/"+name); err != nil && name != "vendor/quickblox.min.js" {
			t.Error(err)
		}
	}
}

// TestPageHasItsParts checks the names that tests of the page rely on.
func TestPageHasItsParts(t *testing.T) {
	body := get(t, "/", nil).Body.String()
	for _, id := range []string{"answer", "reject", "hangup", "call", "mute", "remote", "status", "door"} {
		if strings.Count(body, `id="`+id+`"`) != 1 {
			t.Errorf("no single element %q", id)
		}
	}
}
