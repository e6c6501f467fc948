package rig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Browsers are the browsers a lab can run, each in a namespace of its own with
// a microphone that plays a tone of its own.
func Browsers() []string { return []string{"anna", "ben", "carl"} }

// Tone returns the frequency in Hz of what a browser's microphone hears.
func Tone(browser string) int { return 880 + 440*slices.Index(append(Browsers(), Handset), browser) }

// Handset is the browser on the device's own network.
const Handset = "device"

// DeviceTone is the frequency in Hz of the device's simulated microphone.
const DeviceTone = 440

// deviceParty names the device's namespace, and the browser in it.
const deviceParty = Handset

// Options says where the parts of a lab are.
type Options struct {
	Dir     string // for everything the lab writes; must exist
	Binary  string // intercomd
	Driver  string // folder of driver.js
	Modules string // node_modules with playwright-core
	SDK     string // quickblox.min.js
	Run     string // prefix of the namespaces' names, unique on the machine
}

// Lab is the whole rig.
type Lab struct {
	Network  *Network
	options  Options
	server   *prosody
	driver   *driver
	browsers map[string]bool
	open     []*Page
	devices  []*Device
	pages    int // opened so far
	started  int // devices started so far
}

// StartLab starts the server and the driver; browsers start when they are
// first used and are kept. On an error nothing stays behind.
func StartLab(ctx context.Context, options Options) (*Lab, error) {
	if err := checkPrograms(options); err != nil {
		return nil, err
	}
	l := &Lab{options: options, browsers: map[string]bool{}}
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func checkPrograms(o Options) error {
	for _, program := range []string{"ip", "setpriv", "prosody", "chromium", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("find what the lab needs (scripts/e2e-deps.sh installs it): %w", err)
		}
	}
	for _, path := range []string{o.SDK, filepath.Join(o.Modules, "playwright-core"), filepath.Join(o.Driver, "driver.js")} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("find what the lab needs (scripts/e2e-deps.sh fetches it): %w", err)
		}
	}
	return nil
}

func (l *Lab) start(ctx context.Context) error {
	// The server's user must be able to get to its files.
	if err := os.Chmod(l.options.Dir, 0o755); err != nil {
		return fmt.Errorf("open the lab's folder: %w", err)
	}
	serverDir := filepath.Join(l.options.Dir, "prosody")
	if err := os.Mkdir(serverDir, 0o755); err != nil {
		return fmt.Errorf("create the server's folder: %w", err)
	}
	var err error
	if l.Network, err = NewNetwork(ctx, l.options.Run); err != nil {
		return err
	}
	if l.server, err = startProsody(ctx, l.Network.Hub, serverDir); err != nil {
		return err
	}
	l.driver, err = startDriver(l.options.Driver, l.options.Modules, l.options.Dir)
	return err
}

// Close ends everything.
func (l *Lab) Close() error {
	var errs []error
	for _, d := range l.devices {
		errs = append(errs, d.Close())
	}
	if l.driver != nil {
		errs = append(errs, l.driver.close())
	}
	if l.server != nil {
		errs = append(errs, l.server.close())
	}
	if l.Network != nil {
		errs = append(errs, l.Network.Close())
	}
	return errors.Join(errs...)
}

// ServerLog is where the XMPP server logs.
func (l *Lab) ServerLog() string { return filepath.Join(l.server.dir, "prosody.log") }

// Client opens a page for a user and connects it to the server.
func (l *Lab) Client(ctx context.Context, options ClientOptions) (*Client, error) {
	if err := l.browser(ctx, options.Browser); err != nil {
		return nil, err
	}
	l.pages++
	c := &Client{Options: options, Page: newPage(fmt.Sprintf("%s-%d-%d", options.Browser, options.User, l.pages), l.driver)}
	open := map[string]any{
		"browser": options.Browser, "userAgent": options.UserAgent,
		"scripts": []string{l.options.SDK, l.script("measure.js"), l.script("client.js")},
	}
	init := options.Scripts
	if options.H264Only {
		init = append([]string{l.script("codecs.js")}, init...)
	}
	if len(init) > 0 {
		open["init"] = init
	}
	if err := c.do(ctx, nil, "open", open); err != nil {
		return nil, err
	}
	l.open = append(l.open, c.Page)
	if options.FrameRate > 0 {
		if err := c.call(ctx, nil, "setFrameRate", options.FrameRate); err != nil {
			return nil, err
		}
	}
	return c, c.call(ctx, &c.JID, "connect", options.User, Password(options.User), sdkConfig(options))
}

func sdkConfig(options ClientOptions) map[string]any {
	webrtc := map[string]any{"iceServers": []any{}}
	if options.AnswerTime > 0 {
		webrtc["answerTimeInterval"] = options.AnswerTime.Seconds()
	}
	if options.DisconnectTime > 0 {
		webrtc["disconnectTimeInterval"] = options.DisconnectTime.Seconds()
	}
	return map[string]any{
		"endpoints":    map[string]string{"api": "api.qb.test", "chat": Domain},
		"chatProtocol": map[string]any{"active": 2, "websocket": "ws://" + hubAddress + ":5280/xmpp-websocket"},
		"webrtc":       webrtc,
	}
}

// Page opens a web page that the device itself serves, in a browser on the
// device's own network (where localhost is the device).
func (l *Lab) Page(ctx context.Context, url string, width, height int, mobile bool) (*Page, error) {
	if err := l.browser(ctx, deviceParty); err != nil {
		return nil, err
	}
	l.pages++
	p := newPage(fmt.Sprintf("handset-%d", l.pages), l.driver)
	err := p.do(ctx, nil, "open", map[string]any{
		"browser": deviceParty, "url": url, "init": []string{l.script("measure.js"), l.script("watch.js")},
		"viewport": map[string]int{"width": width, "height": height}, "mobile": mobile,
	})
	if err != nil {
		return nil, err
	}
	l.open = append(l.open, p)
	return p, nil
}

// SetLink cuts a browser off from everybody, or joins it again.
func (l *Lab) SetLink(ctx context.Context, browser string, up bool) error {
	ns, err := l.Network.Join(ctx, browser)
	if err != nil {
		return err
	}
	return l.Network.SetLink(ctx, ns, up)
}

func (l *Lab) script(name string) string { return filepath.Join(l.options.Driver, name) }

// browser starts a browser unless it runs.
func (l *Lab) browser(ctx context.Context, name string) error {
	if l.browsers[name] {
		return nil
	}
	ns, err := l.Network.Join(ctx, name)
	if err != nil {
		return err
	}
	wrapper, err := l.wrapper(ns, name)
	if err != nil {
		return err
	}
	tone := filepath.Join(l.options.Dir, name+".wav")
	if err := writeTone(tone, Tone(name)); err != nil {
		return err
	}
	err = l.driver.do(ctx, "launch", map[string]any{"browser": name, "executable": wrapper, "args": chromiumFlags(tone)}, nil)
	if err != nil {
		return err
	}
	l.browsers[name] = true
	return nil
}

// wrapper writes the program that starts Chromium inside a namespace.
func (l *Lab) wrapper(ns *Namespace, name string) (string, error) {
	path := filepath.Join(l.options.Dir, "chromium-"+name+".sh")
	script := "#!/bin/sh\nexec " + strings.Join(ns.Args("chromium"), " ") + ` "$@"` + "\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		return "", fmt.Errorf("write browser wrapper: %w", err)
	}
	return path, nil
}

// Chromium hides host addresses behind mDNS names and keeps pages of localhost
// from private networks; the lab's network is one.
func chromiumFlags(tone string) []string {
	return []string{
		"--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
		"--use-file-for-fake-audio-capture=" + tone,
		"--autoplay-policy=no-user-gesture-required",
		"--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets," +
			"LocalNetworkAccessChecksWebRTC,BlockInsecurePrivateNetworkRequests",
		"--disable-background-networking", "--disable-component-update", "--disable-gpu",
	}
}

// Device starts intercomd and follows its events. It returns before the device
// is online; see [Device.Await] and [Device.AwaitStatus].
func (l *Lab) Device(ctx context.Context, config DeviceConfig) (*Device, error) {
	ns, err := l.Network.Join(ctx, cmp.Or(config.Party, deviceParty))
	if err != nil {
		return nil, err
	}
	l.started++
	dir := filepath.Join(l.options.Dir, "device-"+strconv.Itoa(l.started))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the device's folder: %w", err)
	}
	authority := "ca.pem"
	if config.OtherCA {
		authority = "other-ca.pem"
	}
	config.XMPP.CAFile = filepath.Join(l.server.dir, authority)
	d, err := startDevice(ns, l.options.Binary, dir, config)
	if err != nil {
		return nil, err
	}
	l.devices = append(l.devices, d)
	return d, d.follow(ctx)
}

// EndScene closes all pages and devices, so that the next test finds the lab
// as new. The error tells of a device that did not end cleanly.
func (l *Lab) EndScene(ctx context.Context) error {
	var errs []error
	for _, p := range l.open {
		errs = append(errs, p.Close(ctx))
	}
	l.open = nil
	for _, d := range l.devices {
		errs = append(errs, d.Close())
	}
	l.devices = l.devices[:0]
	return errors.Join(errs...)
}

// DefaultOptions returns the options for a checkout at root, where
// scripts/fetch-sdk.sh and scripts/e2e-deps.sh have put what a lab needs. dir and run are as in
// [Options].
func DefaultOptions(root, dir, run string) Options {
	return Options{
		Dir:     dir,
		Binary:  filepath.Join(root, "bin", "intercomd"),
		Driver:  filepath.Join(root, "e2e", "quickblox", "driver"),
		Modules: filepath.Join(root, "build", "e2e", "driver", "node_modules"),
		SDK:     filepath.Join(root, "build", "sdk", "quickblox.min.js"),
		Run:     run,
	}
}
