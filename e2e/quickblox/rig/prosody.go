package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"text/template"
	"time"

	server "github.com/intercomd/intercomd/e2e/prosody"
)

// The XMPP server's name and the QuickBlox application of its users.
const (
	Domain = "chat.qb.test"
	appID  = 7
)

// FirstUser and LastUser are the ids of the users that exist.
const (
	FirstUser = 100
	LastUser  = 129
)

// Password returns the password of a user.
func Password(user int64) string { return fmt.Sprintf("secret-%d", user) }

// Prosody without pep (its headlines carry no extraParams and deafen the SDK)
// and without offline messages, as QuickBlox's own server behaves.
var prosodyConfig = template.Must(template.New("prosody").Parse(`
data_path = "{{.Dir}}/data"
certificates = "{{.Dir}}"
log = { { levels = { min = "debug" }, to = "console", timestamps = "%X" } }
modules_enabled = { "disco", "roster", "saslauth", "tls", "ping", "carbons", "smacks", "websocket" }
modules_disabled = { "s2s", "pep", "offline" }
interfaces = { "{{.Address}}" }
c2s_ports = { 5222 }
c2s_direct_tls_ports = { 5223 }
c2s_require_encryption = true
http_ports = { 5280 }
http_interfaces = { "{{.Address}}" }
https_ports = {}
http_default_host = "{{.Domain}}"
consider_websocket_secure = true
cross_domain_websocket = true
ssl = { certificate = "{{.Dir}}/server.pem", key = "{{.Dir}}/server.key" }
c2s_direct_tls_ssl = { certificate = "{{.Dir}}/server.pem", key = "{{.Dir}}/server.key" }
authentication = "internal_plain"
storage = "internal"
VirtualHost "{{.Domain}}"
`))

// prosody is the XMPP server of the lab.
type prosody struct {
	dir     string // configuration, data, certificates
	process *process
	output  *watchedOutput
}

// startProsody runs the server in ns and returns when its ports are open.
func startProsody(ctx context.Context, ns *Namespace, dir string) (*prosody, error) {
	if err := prepareProsody(ns, dir); err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(dir, "prosody.log"))
	if err != nil {
		return nil, fmt.Errorf("create server log: %w", err)
	}
	out := newWatchedOutput(file,
		"Activated service 'c2s' on ["+ns.Address+"]:5222", "Activated service 'http' on ["+ns.Address+"]:5280")
	args := append([]string{"setpriv", "--reuid", server.User, "--regid", server.User, "--clear-groups", "--pdeathsig", "KILL"}, server.Arguments(dir)...)
	proc, err := start(ns.Args(args...), out)
	if err != nil {
		return nil, err
	}
	p := &prosody{dir: dir, process: proc, output: out}
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	select {
	case <-out.ready:
		return p, nil
	case <-proc.done:
		return nil, fmt.Errorf("start prosody: ended at once: %w; see %s", proc.err, file.Name())
	case <-wait.Done():
		return nil, errors.Join(fmt.Errorf("start prosody: ports not open; see %s", file.Name()), proc.stop())
	}
}

// close does not let the server end by itself: it would wait for clients that
// were cut off and never came back.
func (p *prosody) close() error {
	return errors.Join(p.process.kill(), p.output.Close())
}

func prepareProsody(ns *Namespace, dir string) error {
	var config bytes.Buffer
	err := prosodyConfig.Execute(&config, struct{ Dir, Address, Domain string }{dir, ns.Address, Domain})
	if err != nil {
		return fmt.Errorf("write server configuration: %w", err)
	}
	if err := server.WriteCertificates(dir, Domain); err != nil {
		return err
	}
	passwords := map[string]string{}
	for id := int64(FirstUser); id <= LastUser; id++ {
		passwords[fmt.Sprintf("%d-%d", id, appID)] = Password(id)
	}
	return server.Prepare(dir, Domain, config.String(), passwords)
}

// watchedOutput passes a program's output on and tells when all marks were
// seen in it.
type watchedOutput struct {
	mu    sync.Mutex
	to    io.WriteCloser
	rest  []byte   // of an unfinished line
	marks []string // not seen yet
	ready chan struct{}
}

func newWatchedOutput(to io.WriteCloser, marks ...string) *watchedOutput {
	return &watchedOutput{to: to, marks: marks, ready: make(chan struct{})}
}

// Write implements io.Writer.
func (w *watchedOutput) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watch(b)
	return w.to.Write(b)
}

func (w *watchedOutput) watch(b []byte) {
	if len(w.marks) == 0 {
		return
	}
	w.rest = append(w.rest, b...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return
		}
		w.rest = rest
		w.marks = slices.DeleteFunc(w.marks, func(m string) bool { return bytes.Contains(line, []byte(m)) })
		if len(w.marks) == 0 {
			close(w.ready)
			return
		}
	}
}

// Close closes what is written to.
func (w *watchedOutput) Close() error { return w.to.Close() }
