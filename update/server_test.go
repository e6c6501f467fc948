package update

import (
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// server is a web server whose certificate is in a file.
type server struct {
	*httptest.Server
	caFile string

	mu   sync.Mutex
	seen []*http.Request
}

func newServer(t *testing.T, h http.Handler) *server {
	t.Helper()
	s := &server{caFile: filepath.Join(t.TempDir(), "ca.pem")}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r)
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not trust it are wanted here
	s.StartTLS()
	t.Cleanup(s.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(s.caFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) client(t *testing.T) *http.Client {
	t.Helper()
	c, err := newHTTP(s.caFile)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// requests are those so far.
func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.seen...)
}

// noise is content that is different everywhere.
func noise(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteString(string(rune('a' + i%26)))
		b.WriteByte(byte(i >> 8))
	}
	return b.Bytes()[:n]
}
