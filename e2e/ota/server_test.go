//go:build e2e

package ota

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"testing"
)

// bundleServer is the vendor's web server: files in memory over HTTPS, with
// ranges. It counts what it sends.
type bundleServer struct {
	mu    sync.Mutex
	files map[string]string // name to path on the host
	texts map[string][]byte
	sent  map[string]int64 // bytes of bodies, by name
}

// httpsAddress is where the server listens: the namespace's own loopback, which
// the guest reaches as 10.0.2.2.
const (
	httpsAddress = "127.0.0.1:8443"
	httpsURL     = "https://10.0.2.2:8443/"
)

func startServer(t *testing.T, certificate tls.Certificate) *bundleServer {
	t.Helper()
	s := &bundleServer{files: map[string]string{}, texts: map[string][]byte{}, sent: map[string]int64{}}
	l, err := net.Listen("tcp", httpsAddress)
	if err != nil {
		t.Fatalf("listen for HTTPS: %v", err)
	}
	server := &http.Server{Handler: s, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(l, "", "") // ends with Close
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return s
}

// file offers a file of the host.
func (s *bundleServer) file(name, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name] = path
}

// text offers bytes.
func (s *bundleServer) text(name string, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[name] = text
}

// took returns how many bytes of a file were sent, and begins anew.
func (s *bundleServer) took(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.sent[name]
	s.sent[name] = 0
	return n
}

// ServeHTTP implements http.Handler.
func (s *bundleServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[1:]
	s.mu.Lock()
	path, text := s.files[name], s.texts[name]
	s.mu.Unlock()
	counted := &countedWriter{ResponseWriter: w, add: func(n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent[name] += int64(n)
	}}
	switch {
	case path != "":
		http.ServeFile(counted, r, path)
	case text != nil:
		_, _ = counted.Write(text)
	default:
		http.NotFound(w, r)
	}
}

type countedWriter struct {
	http.ResponseWriter
	add func(int)
}

func (w *countedWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.add(n)
	return n, err
}
