package update

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

const (
	healthTime = 30 * time.Second // for one look at the device
	raucTime   = 60 * time.Second // for an answer of RAUC

	inspectTime = 10 * time.Minute // RAUC may read from a slow server
	installTime = 6 * time.Hour
)

// slots is what the client asks of RAUC about the board.
type slots interface {
	State(ctx context.Context) (rauc.State, error)
	MarkGood(ctx context.Context) error
	Activate(ctx context.Context, slot string) error
}

// installer is what the client asks of RAUC about bundles.
type installer interface {
	Inspect(ctx context.Context, source string, access rauc.Access) (rauc.Bundle, error)
	Install(ctx context.Context, source string, o rauc.Options, progress func(rauc.Progress)) error
	Watch(ctx context.Context, f func(rauc.Activity))
}

// worker does what takes time.
type worker struct {
	slots     slots
	installer installer
	ports     Ports
	poller    poller
	agent     string
	pause     time.Duration // between attempts of a download
}

// look asks RAUC where the device stands.
func (w *worker) look(ctx context.Context) event {
	ctx, cancel := context.WithTimeout(ctx, raucTime)
	defer cancel()
	state, err := w.slots.State(ctx)
	return looked{state, err}
}

// check reads the manifest.
func (w *worker) check(ctx context.Context, config Config) event {
	m, err := w.poller.poll(ctx, config, time.Now())
	ev := checked{manifest: m, err: err}
	var status *statusError
	if errors.As(err, &status) {
		ev.retryAfter = status.retryAfter
	}
	return ev
}

// fetch brings a bundle to where RAUC finds it: RAUC reads from the web server
// itself, and then only what it does not have, or the file is downloaded.
func (w *worker) fetch(ctx context.Context, config Config, p plan, tell func(event)) event {
	client, err := newHTTP(config.CAFile)
	if err != nil {
		return fetched{err: err}
	}
	if p.stream {
		ok, err := w.streamable(ctx, client, p.update)
		if err != nil {
			return fetched{err: err}
		}
		if ok {
			return fetched{source: p.update.URL}
		}
	}
	d := download{
		client: client, agent: w.agent, url: p.update.URL, folder: filepath.Join(config.StateDir, downloadFolder),
		size: p.update.Size, sha256: p.update.SHA256, pause: w.pause, free: freeSpace,
		progress: func(percent int) { tell(progressed{percent}) },
	}
	path, err := d.run(ctx)
	return fetched{path, err}
}

// streamable asks a server whether it hands out parts of the bundle.
func (w *worker) streamable(ctx context.Context, client *http.Client, u Update) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, manifestTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.URL, nil)
	if err != nil {
		return false, errors.New("this is no web address")
	}
	req.Header.Set("User-Agent", w.agent)
	req.Header.Set("Range", "bytes=0-0")
	resp, err := do(client, req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return false, nil
	case http.StatusPartialContent:
		start, total, ok := contentRange(resp.Header.Get("Content-Range"))
		if ok && u.Size > 0 && total != u.Size {
			return false, fmt.Errorf("the bundle on the server has %d bytes, and the manifest says %d", total, u.Size)
		}
		return ok && start == 0, nil
	}
	return false, refusedBy(resp, time.Now())
}

// install lets RAUC verify a bundle, looks whether it may be installed here,
// and has it installed.
func (w *worker) install(ctx context.Context, config Config, p plan, o offer, tell func(event)) event {
	if isPath(p.source) {
		defer discard(config, p.source)
		if err := regular(p.source); err != nil {
			return installed{err: err}
		}
	}
	access, err := w.access(config, p)
	if err != nil {
		return installed{err: err}
	}
	b, err := w.inspect(ctx, p.source, access)
	if err != nil {
		return refusal("", p.source, err)
	}
	if err := o.admit(found{b.Compatible, b.Version, b.Hash}); err != nil {
		return installed{version: b.Version, err: err, fault: true}
	}
	if err := w.run(ctx, p, access, tell); err != nil {
		return refusal(b.Version, p.source, err)
	}
	return w.settled(ctx, b.Version, p.update.ManifestHash)
}

// inspect asks RAUC what a bundle is.
func (w *worker) inspect(ctx context.Context, source string, access rauc.Access) (rauc.Bundle, error) {
	ctx, cancel := context.WithTimeout(ctx, inspectTime)
	defer cancel()
	b, err := w.installer.Inspect(ctx, source, access)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("RAUC could not read the bundle within %v", inspectTime)
	}
	return b, err
}

// run has a bundle installed. What is streamed was not compared with the
// manifest's sha256, so RAUC is told which bundle is meant. A RAUC before 1.14
// cannot be told; then settled compares.
func (w *worker) run(ctx context.Context, p plan, access rauc.Access, tell func(event)) error {
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	options := rauc.Options{Access: access}
	if !isPath(p.source) {
		options.Hash = p.update.ManifestHash
	}
	progress := func(pr rauc.Progress) { tell(progressed{pr.Percent}) }
	err := w.installer.Install(ctx, p.source, options, progress)
	var said *rauc.Error
	if options.Hash != "" && errors.As(err, &said) && said.Unsupported() {
		options.Hash = ""
		err = w.installer.Install(ctx, p.source, options, progress)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("RAUC was not done within %v", installTime)
	}
	return err
}

// access says how RAUC reaches the bundle.
func (w *worker) access(config Config, p plan) (rauc.Access, error) {
	if isPath(p.source) || config.CAFile == "" {
		return rauc.Access{}, nil
	}
	data, err := os.ReadFile(config.CAFile)
	if err != nil {
		return rauc.Access{}, fmt.Errorf("read certificates for the update server: %w", err)
	}
	public := filepath.Join(config.RuntimeDir, "update-ca.pem")
	if err := writeAtomic(public, data); err != nil {
		return rauc.Access{}, err
	}
	if err := os.Chmod(public, 0o644); err != nil {
		return rauc.Access{}, fmt.Errorf("show certificates to RAUC: %w", err)
	}
	return rauc.Access{CA: public}, nil
}

// refusal sorts RAUC's errors: a RAUC that cannot stream, one that was not
// there, and one that found something wrong with the bundle. RAUC's words may
// hold the whole address of it.
func refusal(version, source string, err error) installed {
	var said *rauc.Error
	ev := installed{version: version, err: err}
	if errors.As(err, &said) {
		told := *said
		if !isPath(source) {
			told.Text = strings.ReplaceAll(told.Text, source, redact(source))
		}
		ev.err = &told // the message names the bundle anyway
		ev.noStream = said.Unsupported()
		ev.fault = !said.Unsupported() && !said.Passing()
		ev.unread = said.Unread() && !isPath(source)
	}
	return ev
}

// settled asks which slot starts next, and whether the bundle in it is the one
// that was meant; "" is any.
func (w *worker) settled(ctx context.Context, version, hash string) event {
	ev := installed{version: version}
	state, err := w.slots.State(ctx)
	if err != nil {
		ev.err = fmt.Errorf("ask RAUC what it installed: %w", err)
		return ev
	}
	booted, _ := state.Booted()
	next, ok := state.Slot(state.Primary)
	switch {
	case !ok || next.Boot == booted.Boot:
		ev.err = errors.New("RAUC installed the bundle, but would not start it")
	case hash != "" && next.Hash != "" && !strings.EqualFold(hash, next.Hash):
		ev.err, ev.fault = errors.New("what RAUC installed is not the bundle that the manifest promised"), true
		if err := w.slots.Activate(ctx, booted.Name); err != nil {
			ev.err = fmt.Errorf("%w; and it stays the one that starts next: %w", ev.err, err)
		}
	default:
		ev.slot = next.Boot
	}
	return ev
}

// regular refuses what can be seen to be no file. What intercomd does not see,
// RAUC may: it runs as root and outside of intercomd's sandbox.
func regular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return errors.New("this is no file")
	}
	return nil
}

// discard removes a bundle that was downloaded here.
func discard(config Config, path string) {
	if filepath.Dir(path) == filepath.Join(config.StateDir, downloadFolder) {
		_ = os.Remove(path) // the next download clears up
	}
}

// health asks how the device is.
func (w *worker) health(ctx context.Context) event {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	return health{w.ports.Health(ctx)}
}

// mark commits the slot that runs, and looks whether that is what happened.
func (w *worker) mark(ctx context.Context) event {
	ctx, cancel := context.WithTimeout(ctx, raucTime)
	defer cancel()
	if err := w.slots.MarkGood(ctx); err != nil {
		return marked{err}
	}
	state, err := w.slots.State(ctx)
	if err != nil {
		return marked{err}
	}
	if booted, _ := state.Booted(); state.Primary != "" && state.Primary != booted.Boot {
		return marked{fmt.Errorf("slot %s was marked good, but slot %s starts next", booted.Boot, state.Primary)}
	}
	return marked{}
}

func (w *worker) activate(ctx context.Context, slot string) event {
	ctx, cancel := context.WithTimeout(ctx, raucTime)
	defer cancel()
	return activated{w.slots.Activate(ctx, slot)}
}

// restart asks for a restart unless a call came in.
func (w *worker) restart() event {
	var err error
	ran := w.ports.IfIdle(func() { err = w.ports.Restart() })
	return restarted{ran, err}
}
