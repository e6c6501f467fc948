package update

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fileServer gives content away, in parts too.
func fileServer(content []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "b.raucb", time.Time{}, bytes.NewReader(content))
	})
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func newDownload(t *testing.T, s *server, content []byte) *download {
	return &download{
		client: s.client(t), agent: "intercomd/1.0.0", url: s.URL + "/b.raucb?token=secret",
		folder: filepath.Join(t.TempDir(), "download"), size: int64(len(content)), sha256: hashOf(content), free: freeSpace,
	}
}

func wantFile(t *testing.T, path string, content []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%s: %d bytes, %v", path, len(got), err)
	}
}

func TestDownload(t *testing.T) {
	content := noise(300_000)
	s := newServer(t, fileServer(content))
	d := newDownload(t, s, content)
	last := 0
	d.progress = func(percent int) { last = percent }
	if err := os.MkdirAll(d.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.folder, "old.raucb"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := d.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, content)
	if entries, err := os.ReadDir(d.folder); err != nil || len(entries) != 1 || last != 100 {
		t.Errorf("%d files, %v, progress %d", len(entries), err, last)
	}
	if r := s.requests()[0]; r.UserAgent() != "intercomd/1.0.0" || r.Header.Get("Range") != "" {
		t.Errorf("request %v", r.Header)
	}
	// Once more: it is there already.
	if again, err := d.run(t.Context()); err != nil || again != path || len(s.requests()) != 1 {
		t.Errorf("again: %s, %v, %d requests", again, err, len(s.requests()))
	}
}

// TestDownloadGoesOn breaks the connection again and again.
func TestDownloadGoesOn(t *testing.T) {
	content := noise(400_000)
	answers := 0
	s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers++
		if answers == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if answers < 6 {
			w = &cutWriter{ResponseWriter: w, left: 70_000}
		}
		fileServer(content).ServeHTTP(w, r)
	}))
	d := newDownload(t, s, content)
	path, err := d.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, content)
	if r := s.requests()[2]; r.Header.Get("Range") != "bytes=70000-" {
		t.Errorf("the second part is asked for by %q", r.Header.Get("Range"))
	}
}

// cutWriter ends the connection after some bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		_, _ = w.ResponseWriter.Write(p[:w.left])
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

func TestDownloadOfAnotherRun(t *testing.T) {
	content := noise(200_000)
	for name, tt := range map[string]struct {
		have      []byte
		handler   http.Handler
		wantRange string
	}{
		"goes on":                {content[:123_456], fileServer(content), "bytes=123456-"},
		"whole already":          {content, fileServer(content), ""},
		"server has no parts":    {content[:1000], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }), "bytes=1000-"},
		"too much":               {append(bytes.Clone(content), "more"...), fileServer(content), ""},
		"nothing of it is right": {bytes.Repeat([]byte("x"), 5000), fileServer(content), "bytes=5000-"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, tt.handler)
			d := newDownload(t, s, content)
			if err := os.MkdirAll(d.folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(d.folder, d.sha256+partSuffix), tt.have, 0o600); err != nil {
				t.Fatal(err)
			}
			path, err := d.run(t.Context())
			if name == "nothing of it is right" {
				// It is thrown away, and the next run begins anew.
				if err == nil {
					t.Fatal("wrong content was accepted")
				}
				path, err = d.run(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, path, content)
			got := ""
			if list := s.requests(); len(list) > 0 {
				got = list[0].Header.Get("Range")
			}
			if got != tt.wantRange {
				t.Errorf("asked for %q, want %q", got, tt.wantRange)
			}
		})
	}
}

func TestDownloadRefusals(t *testing.T) {
	content := noise(50_000)
	serve := func(f func(w http.ResponseWriter, r *http.Request)) http.Handler { return http.HandlerFunc(f) }
	tests := []struct {
		name    string
		handler http.Handler
		change  func(*download)
		want    string
	}{
		{"not found", http.NotFoundHandler(), nil, "/b.raucb: the server says 404 Not Found"},
		{"other content", fileServer(noise(49_999)), nil, "the bundle on the server has 49999 bytes, and the manifest says 50000"},
		{"same size", fileServer(bytes.Repeat([]byte("x"), 50_000)), nil, "its sha256 is another"},
		{"more than announced", serve(func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush() // no Content-Length
			_, _ = w.Write(append(bytes.Clone(content), "more"...))
		}), nil, "larger than 50000 bytes"},
		{"always busy", serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), nil, "the server says 502 Bad Gateway"},
		{"another part", serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 5-9/50000")
			w.WriteHeader(http.StatusPartialContent)
		}), nil, "the server sends another part than asked for"},
		{"to http", serve(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://u:secret@plain.example.org/b?secret", http.StatusFound)
		}), nil, "redirection to http://plain.example.org/b: only https is allowed"},
		{"in circles", serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/b.raucb?secret", http.StatusFound) }), nil, "more than 5 redirections"},
		{"unknown server", fileServer(content), func(d *download) {
			d.client, _ = newHTTP("")
		}, "the server is not trusted: its certificate is from somebody this device does not know"},
		{"other name", fileServer(content), func(d *download) {
			d.url = strings.Replace(d.url, "127.0.0.1", "localhost", 1)
		}, "the server is not trusted: x509: certificate is valid for"},
		{"nobody there", fileServer(content), func(d *download) { d.url = "https://127.0.0.1:1/b" }, "connection refused"},
		{"no https", fileServer(content), func(d *download) { d.url = strings.Replace(d.url, "https", "http", 1) }, "only https is allowed"},
		{"no room", fileServer(content), func(d *download) { d.folder = "/dev/shm/intercom-none/\x00" }, "make folder for downloads"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, tt.handler)
			d := newDownload(t, s, content)
			if tt.change != nil {
				tt.change(d)
			}
			_, err := d.run(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("a secret in %q", err)
			}
		})
	}
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	begun := make(chan struct{})
	s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("some"))
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-r.Context().Done()
	}))
	d := newDownload(t, s, noise(1000))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	if _, err := d.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestDownloadEndsBeforeItsServer has the server notice first that a download
// was told to end: what is read ends in the middle then.
func TestDownloadEndsBeforeItsServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := newDownload(t, newServer(t, http.NotFoundHandler()), noise(1000))
	d.client = &http.Client{Transport: cutShort(cancel)}
	if _, err := d.run(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// cutShort answers with some bytes, and is called when more is read.
type cutShort func()

func (c cutShort) RoundTrip(r *http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader("some"), c)
	return &http.Response{StatusCode: http.StatusOK, ContentLength: 1000, Body: io.NopCloser(body), Request: r}, nil
}

func (c cutShort) Read([]byte) (int, error) {
	c()
	return 0, io.ErrUnexpectedEOF
}

func TestNoRoom(t *testing.T) {
	d := download{folder: t.TempDir(), size: 1, free: freeSpace}
	err := d.room(1 << 60)
	if err == nil || !strings.Contains(err.Error(), "no space left in "+d.folder+": the download needs") {
		t.Errorf("got %v", err)
	}
	if err := d.room(-1); err != nil {
		t.Errorf("an unknown size: %v", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if err := d.write(full, []byte("x")); err == nil || !strings.Contains(err.Error(), "no space left") || worthwhile(err) {
		t.Errorf("a full disk: %v", err)
	}
}

func TestBundleOfUnknownSize(t *testing.T) {
	content := noise(10_000)
	s := newServer(t, fileServer(content))
	d := newDownload(t, s, content)
	d.size, d.sha256 = 0, ""
	for range 2 {
		path, err := d.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, content)
	}
	if len(s.requests()) != 2 {
		t.Error("what nobody can check was taken for the same")
	}
}

// TestRedirectionTellsNoSecret: the next server learns nothing of the address of
// the one before.
func TestRedirectionTellsNoSecret(t *testing.T) {
	content := noise(1000)
	s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/elsewhere" {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		fileServer(content).ServeHTTP(w, r)
	}))
	path, err := newDownload(t, s, content).run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, content)
	for _, r := range s.requests() {
		if r.URL.Path == "/elsewhere" && r.Referer() != "" {
			t.Errorf("referer %q", r.Referer())
		}
	}
}

// TestEndlessBundle: what is not the download's stays free, however much comes.
func TestEndlessBundle(t *testing.T) {
	content := noise(1 << 20)
	s := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(content); err != nil {
				return
			}
		}
	}))
	d := newDownload(t, s, content)
	d.size, d.sha256 = 0, ""
	left := int64(spareSpace + 8<<20)
	d.free = func(folder string) (int64, error) {
		info, err := os.Stat(filepath.Join(folder, "bundle.part"))
		if err != nil {
			return 0, err
		}
		return left - info.Size(), nil
	}
	_, err := d.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no space left in "+d.folder) || len(s.requests()) != 1 {
		t.Errorf("got %v after %d requests", err, len(s.requests()))
	}
	if info, err := os.Stat(filepath.Join(d.folder, "bundle.part")); err != nil || info.Size() != 0 {
		t.Errorf("what was fetched stays there: %v, %v", info, err)
	}
}

func TestContentRange(t *testing.T) {
	for value, want := range map[string]string{
		"bytes 0-0/10": "0 10 true", "bytes 5-9/10": "5 10 true", "bytes */10": "false", "bytes 5-9/*": "false",
		"": "false", "5-9/10": "false", "bytes 9-9/5": "false", "bytes -1-5/10": "false",
	} {
		start, total, ok := contentRange(value)
		got := fmt.Sprint(start, total, ok)
		if !ok {
			got = "false"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}
