package hawkbit

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

const (
	raucName      = "de.pengutronix.rauc"
	raucInterface = raucName + ".Installer"
	raucPath      = dbus.ObjectPath("/")
)

// Request is one call of InstallBundle.
type Request struct {
	Source      string
	Headers     []string // "http-headers"
	TLSNoVerify bool     // "tls-no-verify"
	Fetched     string   // SHA-256 of what Source gave, in hex; "" if it could not be fetched
	Error       string   // why not
}

// Installer is a RAUC service that fetches bundles and installs nothing. Close
// waits for what it has begun.
type Installer struct {
	conn   *dbus.Conn
	props  *prop.Properties
	client *http.Client

	requests chan Request   // one for each call, in order
	results  <-chan int32   // how the next installation ends; asked for once each
	running  sync.WaitGroup // installations
	ctx      context.Context
	stop     context.CancelFunc
}

// NewInstaller takes RAUC's name on the bus at address. Bundles are fetched
// with the given roots of trust. Each installation waits for its result: 0 is
// success.
func NewInstaller(address string, roots *x509.CertPool, results <-chan int32) (*Installer, error) {
	conn, err := dbus.Connect(address)
	if err != nil {
		return nil, fmt.Errorf("connect to bus: %w", err)
	}
	i := &Installer{
		conn:     conn,
		client:   &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}},
		requests: make(chan Request, 16),
		results:  results,
	}
	i.ctx, i.stop = context.WithCancel(context.Background())
	if err := i.export(); err != nil {
		return nil, errors.Join(err, i.Close())
	}
	return i, nil
}

// Requests gives each call of InstallBundle once its bundle was fetched.
func (i *Installer) Requests() <-chan Request { return i.requests }

// Close leaves the bus.
func (i *Installer) Close() error {
	i.stop()
	i.running.Wait()
	return i.conn.Close()
}

type progress struct {
	Percent int32
	Text    string
	Depth   int32
}

func (i *Installer) export() error {
	var err error
	i.props, err = prop.Export(i.conn, raucPath, prop.Map{raucInterface: {
		"Operation":  {Value: "idle", Emit: prop.EmitTrue},
		"LastError":  {Value: "", Emit: prop.EmitTrue},
		"Progress":   {Value: progress{}, Emit: prop.EmitTrue},
		"Compatible": {Value: "intercom-rpi4"},
		"Variant":    {Value: ""},
		"BootSlot":   {Value: "rootfs.0"},
	}})
	if err != nil {
		return fmt.Errorf("export properties: %w", err)
	}
	methods := map[string]any{"InstallBundle": i.installBundle}
	if err := i.conn.ExportMethodTable(methods, raucPath, raucInterface); err != nil {
		return fmt.Errorf("export methods: %w", err)
	}
	reply, err := i.conn.RequestName(raucName, dbus.NameFlagDoNotQueue)
	if err != nil {
		return fmt.Errorf("request name: %w", err)
	}
	if reply != dbus.RequestNameReplyPrimaryOwner {
		return fmt.Errorf("request name %s: taken", raucName)
	}
	return nil
}

// installBundle answers at once, as RAUC does, and installs beside it.
func (i *Installer) installBundle(source string, args map[string]dbus.Variant) *dbus.Error {
	request := Request{Source: source}
	request.Headers, _ = args["http-headers"].Value().([]string)
	request.TLSNoVerify, _ = args["tls-no-verify"].Value().(bool)
	i.running.Go(func() { i.install(request) })
	return nil
}

func (i *Installer) install(request Request) {
	i.props.SetMust(raucInterface, "Operation", "installing")
	i.props.SetMust(raucInterface, "Progress", progress{40, "Checking bundle done.", 2})
	var err error
	if request.Fetched, err = i.fetch(request); err != nil {
		request.Error = err.Error()
	}
	i.requests <- request
	var result int32 = 1
	select {
	case wanted := <-i.results:
		if err == nil {
			result = wanted
		}
	case <-i.ctx.Done():
		return
	}
	if result != 0 {
		i.props.SetMust(raucInterface, "LastError", "Installation error: no such luck")
	}
	i.props.SetMust(raucInterface, "Progress", progress{100, "Installing done.", 1})
	i.props.SetMust(raucInterface, "Operation", "idle")
	_ = i.conn.Emit(raucPath, raucInterface+".Completed", result) // a bus that is gone ends the test by itself
}

// fetch reads the bundle as RAUC's streaming does: with the headers it was given.
func (i *Installer) fetch(request Request) (sum string, err error) {
	r, err := http.NewRequestWithContext(i.ctx, http.MethodGet, request.Source, nil)
	if err != nil {
		return "", err
	}
	for _, header := range request.Headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	response, err := i.client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %s", response.Status)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, response.Body); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
