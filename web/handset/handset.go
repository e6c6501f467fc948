package handset

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// Person is somebody who can call or be called.
type Person struct {
	Name   string `json:"name"`
	UserID int64  `json:"user_id"`
}

// Config is what the page needs to know.
type Config struct {
	AppID     int64    // QuickBlox application id: the second half of the JIDs' local parts
	Domain    string   // of the JIDs
	WebSocket string   // path of the XMPP endpoint on the same host; default "/xmpp"
	Device    Person   // the door
	Contacts  []Person // who may use a handset

	// Accounts holds passwords by user id. They are handed to pages on this
	// machine only; for other pages, and for users not listed, people have to
	// type them.
	Accounts map[int64]string
}

// settings is /config.json.
type settings struct {
	AppID     int64             `json:"app_id"`
	Domain    string            `json:"domain"`
	WebSocket string            `json:"websocket"`
	Device    Person            `json:"device"`
	Contacts  []Person          `json:"contacts"`
	Accounts  map[string]string `json:"accounts,omitempty"` // password by user id
}

// Handler returns the handler of the page; it belongs at the root of a server.
// The error says which of the page's files cannot be read.
func Handler(cfg Config) (http.Handler, error) {
	files, err := loadFiles(static)
	if err != nil {
		return nil, fmt.Errorf("load handset page: %w", err)
	}
	if cfg.WebSocket == "" {
		cfg.WebSocket = "/xmpp"
	}
	mux := http.NewServeMux()
	for name, f := range files {
		mux.Handle("GET /"+name, f)
	}
	mux.Handle("GET /{$}", files["index.html"])
	mux.HandleFunc("GET /config.json", cfg.serveSettings)
	return secured(mux), nil
}

// serveSettings tells the page what it needs, with passwords only where they
// stay on this machine.
func (cfg Config) serveSettings(w http.ResponseWriter, r *http.Request) {
	s := settings{
		AppID: cfg.AppID, Domain: cfg.Domain, WebSocket: cfg.WebSocket,
		Device: cfg.Device, Contacts: cfg.Contacts,
	}
	if s.Contacts == nil {
		s.Contacts = []Person{}
	}
	if staysHere(r) {
		s.Accounts = make(map[string]string, len(cfg.Contacts))
		for _, c := range cfg.Contacts {
			if p := cfg.Accounts[c.UserID]; p != "" {
				s.Accounts[strconv.FormatInt(c.UserID, 10)] = p
			}
		}
	}
	b, err := json.Marshal(s)
	if err != nil { // strings and numbers always encode
		http.Error(w, "cannot encode the settings", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b) // nobody is left to be told
}

// staysHere says whether the answer to a request stays on this machine, with
// the page that this server served.
func staysHere(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !remote.Addr().Unmap().IsLoopback() {
		return false
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" { // a proxy on this machine speaks for others
			return false
		}
	}
	return isOwnHost(r) && isSameOrigin(r)
}

// isOwnHost checks the Host header against DNS rebinding: only names that
// always mean this machine, and the port the request really came in by.
func isOwnHost(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return false
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil { // the scheme's own port is left out
		host, port = strings.Trim(r.Host, "[]"), "80"
		if r.TLS != nil {
			port = "443"
		}
	}
	return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, strings.ToLower(host)) &&
		port == strconv.Itoa(local.Port)
}

// isSameOrigin checks what browsers tell of the page that asks (Fetch Metadata
// and Origin). Requests without either come from programs of this machine, or
// from browsers that hide answers from other sites anyway.
func isSameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	origin := r.Header.Get("Origin")
	return origin == "" || strings.EqualFold(origin, scheme+r.Host)
}

// parserErrorStyles are the hashes of the two style attributes that Chromium
// puts into the document it returns for malformed XML. The SDK parses such a
// document with every stanza, to learn what an error looks like; without the
// hashes the browser's console would fill with violations.
const parserErrorStyles = "'sha256-ICa0DhwZQJsOd/Rn0N8H6FdQ71GfNL+op2zhAQ+Y4mM=' 'sha256-ZD0chCyBaNHl+4UwQHJIHGoYhKwMeyCXGgJTKW5/67E='"

// secured adds the headers that every answer carries.
func secured(next http.Handler) http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self' 'unsafe-hashes' " + parserErrorStyles,
		"img-src 'self'",
		"media-src 'self' blob:",
		"connect-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "microphone=(self), camera=(self), geolocation=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// file is one of the page's files, in memory.
type file struct {
	name, etag, contentType string
	gzipped                 bool // data is
	data                    []byte
}

// loadFiles reads the files of the page, by path; a file ending in .gz stands
// for the one it was made of.
func loadFiles(fsys fs.FS) (map[string]file, error) {
	files := make(map[string]file)
	err := fs.WalkDir(fsys, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "README" {
			return err
		}
		data, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		name, gzipped := strings.CutSuffix(strings.TrimPrefix(p, "static/"), ".gz")
		files[name] = file{
			name: name, data: data, gzipped: gzipped,
			etag:        `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
			contentType: contentType(name),
		}
		return nil
	})
	return files, err
}

// contentType doesn't ask the machine, whose tables may be missing or odd.
func contentType(p string) string {
	switch path.Ext(p) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	}
	return mime.TypeByExtension(path.Ext(p))
}

// ServeHTTP serves the file; browsers ask each time whether it has changed.
func (f file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", f.etag)
	if f.gzipped {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			http.Error(w, f.name+" is only to be had with Accept-Encoding: gzip, which every browser sends", http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Vary", "Accept-Encoding")
	}
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.data))
}
