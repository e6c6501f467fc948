//go:build e2e

package xmpp

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/signaling/quickblox"
)

// party is a running link of one user.
type party struct {
	*signaling.Link
	user    call.UserID
	t       *testing.T
	signals chan call.Signal
	states  chan signaling.State
	stop    func()
}

func (p *prosody) config(user call.UserID) signaling.Config {
	return signaling.Config{
		Domain: domain, Username: user.String() + "-7", Password: password, Resource: "intercom-1",
		Address: p.plain, CAFile: p.caFile,
	}
}

func run(t *testing.T, user call.UserID, cfg signaling.Config) *party {
	t.Helper()
	codec, err := quickblox.NewCodec(7, domain, quickblox.NewID)
	if err != nil {
		t.Fatal(err)
	}
	link, err := signaling.New(cfg, codec, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	d := &party{Link: link, user: user, t: t, signals: make(chan call.Signal, 10), states: make(chan signaling.State, 100)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- link.Run(ctx, func(s call.Signal) { d.signals <- s }, func(s signaling.State) { d.states <- s })
	}()
	d.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		d.stop = func() {}
	}
	t.Cleanup(func() { d.stop() })
	return d
}

func (d *party) wantState(online bool) signaling.State {
	d.t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case s := <-d.states:
			if s.Online == online {
				return s
			}
		case <-timeout:
			d.t.Fatalf("not online %v: %+v", online, d.Status())
		}
	}
}

// ring sends a call to other, with an SDP of usual size, and waits for it.
func (d *party) ring(other *party, session call.SessionID) {
	d.t.Helper()
	sdp := "v=0\r\n" + strings.Repeat("a=x-filler:0123456789\r\n", 100)
	d.Send(call.Signal{
		Type: call.SignalCall, Peer: call.Address{User: other.user}, Session: session,
		CallType: call.Video, Initiator: d.user, Opponents: []call.UserID{other.user}, Platform: "intercom", SDP: sdp,
	})
	select {
	case s := <-other.signals:
		from := call.Address{User: d.user, Resource: "intercom-1"}
		if s.Session != session || s.Peer != from || s.SDP != strings.ReplaceAll(sdp, "\r", "") {
			d.t.Errorf("received %+v", s)
		}
	case <-time.After(20 * time.Second):
		d.t.Fatalf("the call %s did not arrive", session)
	}
}

// both runs a link of the device and one of the phone, and waits until they
// are online.
func (p *prosody) both(t *testing.T) (door, remote *party) {
	t.Helper()
	door, remote = run(t, device, p.config(device)), run(t, phone, p.config(phone))
	door.wantState(true)
	remote.wantState(true)
	return door, remote
}

func TestLogin(t *testing.T) {
	p := newProsody(t)
	for _, tt := range []struct {
		mode    signaling.TLSMode
		address string
	}{{signaling.StartTLS, p.plain}, {signaling.DirectTLS, p.direct}} {
		t.Run(string(tt.mode), func(t *testing.T) {
			cfg := p.config(device)
			cfg.TLS, cfg.Address = tt.mode, tt.address
			remote := run(t, phone, p.config(phone))
			remote.wantState(true)
			d := run(t, device, cfg)
			if got, want := d.wantState(true).JID, "104-7@chat.test/intercom-1"; got != want {
				t.Errorf("JID %s, want %s", got, want)
			}
			d.ring(remote, "out")
			remote.ring(d, "in")
			begin := time.Now()
			d.stop()
			if took := time.Since(begin); took > 500*time.Millisecond {
				t.Errorf("the server took %s to say goodbye", took)
			}
		})
	}
}

func TestReturnAfterTheServerWasKilled(t *testing.T) {
	p := newProsody(t)
	d, remote := p.both(t)
	d.ring(remote, "before")
	p.kill()
	t.Logf("down: %v", d.wantState(false).Err)
	begin := time.Now()
	p.start()
	d.wantState(true)
	t.Logf("online again after %s", time.Since(begin))
	remote.wantState(true)
	d.ring(remote, "after")
	remote.ring(d, "back")
}

func TestSecondClientTakesTheResource(t *testing.T) {
	p := newProsody(t)
	first, remote := p.both(t)
	second := run(t, device, p.config(device))
	second.wantState(true)
	if err := first.wantState(false).Err; err == nil || !strings.Contains(err.Error(), "check xmpp.resource") {
		t.Errorf("the first client is down because of %v", err)
	}
	remote.ring(second, "mine")
}

func TestFailures(t *testing.T) {
	p := newProsody(t)
	for name, tt := range map[string]struct {
		spoil func(*signaling.Config)
		want  string
	}{
		"wrong password": {func(c *signaling.Config) { c.Password = "wrong" },
			"authentication failed for 104-7@chat.test: check quickblox.user_id and password_file"},
		"wrong authority": {func(c *signaling.Config) { c.CAFile = "" }, "check xmpp.ca_file"},
		"other domain":    {func(c *signaling.Config) { c.Domain = "chat.tset" }, "check xmpp.domain"},
		"no TLS":          {func(c *signaling.Config) { c.TLS, c.AllowInsecure = signaling.NoTLS, true }, "check xmpp.tls"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := p.config(device)
			tt.spoil(&cfg)
			d := run(t, device, cfg)
			if err := d.wantState(false).Err; err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}
