package signaling

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestNetworkEndsWaits wants an attempt as soon as there is a network to try,
// but no haste where the server said no.
func TestNetworkEndsWaits(t *testing.T) {
	type event struct{ up, moved bool }
	tests := []struct {
		name   string
		refuse string // stream error
		events []event
		atOnce bool
	}{
		{"up again", "system-shutdown", []event{{false, false}, {true, false}}, true},
		{"other addresses", "system-shutdown", []event{{true, true}}, true},
		{"up", "system-shutdown", []event{{true, false}}, true},
		{"down", "system-shutdown", []event{{false, false}}, false},
		{"after a refusal", "policy-violation", []event{{false, false}, {true, true}}, false},
		{"a server without resources", "resource-constraint", []event{{true, true}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, NoTLS)
				s.setStreamError(tt.refuse)
				cfg := testConfig(s)
				cfg.Timing.BackoffMin, cfg.Timing.BackoffMax = time.Hour, time.Hour
				c := start(t, cfg)
				c.wantState(false)
				synctest.Wait()
				before := len(s.dialTimes())
				for _, e := range tt.events {
					c.NetworkChanged(e.up, e.moved)
				}
				synctest.Wait()
				if again := len(s.dialTimes()) > before; again != tt.atOnce {
					t.Errorf("another attempt at once: %v, want %v", again, tt.atOnce)
				}
			})
		})
	}
}

// TestNetworkAbandonsAttempts has a server that cannot be reached any more.
func TestNetworkAbandonsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		cfg := testConfig(s)
		dials := 0
		cfg.Dial = func(ctx context.Context) (net.Conn, error) {
			if dials++; dials == 1 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return s.dial(ctx)
		}
		c := start(t, cfg)
		synctest.Wait()
		begin := time.Now()
		c.NetworkChanged(true, false) // nothing new
		synctest.Wait()
		if dials != 1 {
			t.Errorf("%d attempts", dials)
		}
		c.NetworkChanged(true, true)
		s.login()
		if took := time.Since(begin); took != 0 {
			t.Errorf("logged in after %s, want at once", took)
		}
	})
}

// TestNetworkProbesTheStream wants a stream that survived a change to go on,
// and a dead one to be replaced soon.
func TestNetworkProbesTheStream(t *testing.T) {
	for _, tt := range []struct {
		name    string
		enabled string
		answers bool
		within  time.Duration
	}{
		{"alive", smEnabled, true, 0},
		{"dead", smEnabled, false, 300 * time.Millisecond},
		{"dead, not resumable", "", false, 5 * time.Second},
		{"dead, managed but not resumable", `<enabled xmlns='urn:xmpp:sm:3'/>`, false, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := managedServer(t, 1, smResumed(2))
				s.enabled = tt.enabled
				c := start(t, testConfig(s))
				p := s.login()
				c.wantState(true)
				c.NetworkChanged(false, false)
				time.Sleep(downFor - 1)
				begin := time.Now()
				c.NetworkChanged(true, false)
				if _, err := p.element(); err != nil {
					t.Fatalf("no probe: %v", err)
				}
				if tt.answers {
					p.send(smA(2))
					time.Sleep(20 * time.Second)
					if len(c.states) != 0 {
						t.Errorf("state %+v", <-c.states)
					}
					return
				}
				if st := c.wantState(false); !errors.Is(st.Err, errNetworkChanged) {
					t.Errorf("down because of %v", st.Err)
				}
				s.login()
				c.wantState(true)
				if took := time.Since(begin); took != tt.within {
					t.Errorf("back after %s, want %s", took, tt.within)
				}
			})
		})
	}
}

// TestNothingIsSentWhileTheNetworkIsDown wants silence, the end of the stream
// after a second, no attempt after that, and one as soon as the network is back.
func TestNothingIsSentWhileTheNetworkIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 1, smResumed(2))
		c := start(t, testConfig(s))
		c.SetInCall(true)
		p := s.login()
		c.wantState(true)
		begin := time.Now()
		c.NetworkChanged(false, false)
		synctest.Wait() // what came before the link knows is answered
		c.Send(hangUp("kept"))
		p.send(smR + message("in"))
		c.wantSignal("in")
		if e, err := p.element(); err == nil {
			t.Errorf("sent %s", e.raw)
		}
		st := c.wantState(false)
		if took := time.Since(begin); took != downFor || !errors.Is(st.Err, errNetworkDown) {
			t.Errorf("down after %s because of %v", took, st.Err)
		}
		time.Sleep(25 * time.Second)
		if n := len(s.dialTimes()); n != 1 {
			t.Errorf("%d attempts without a network", n-1)
		}
		s.onResume = func(element) (string, bool) { return smResumed(2), true }
		back := time.Now()
		c.NetworkChanged(true, false)
		p = s.login()
		if st := c.wantState(true); !st.Resumed || time.Since(back) != 0 {
			t.Errorf("%+v after %s, want the session at once", st, time.Since(back))
		}
		p.expectStanza(wire(hangUp("kept")))
	})
}

// TestNetworkThatIsNotDown has a network that is said to be down and is not.
func TestNetworkThatIsNotDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 1, smResumed(2))
		c := start(t, testConfig(s))
		s.login()
		c.wantState(true)
		c.NetworkChanged(false, false)
		c.wantState(false)
		begin := time.Now()
		s.login()
		c.wantState(true)
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("back after %s", took)
		}
	})
}

// TestDownAbandonsAttempts wants no packet to wait for an address that cannot
// answer.
func TestDownAbandonsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		cfg := testConfig(s)
		cfg.Dial = func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		c := start(t, cfg)
		synctest.Wait()
		c.NetworkChanged(false, false)
		synctest.Wait()
		if st := c.wantState(false); !errors.Is(st.Err, errNetworkDown) {
			t.Errorf("down because of %v", st.Err)
		}
	})
}

func TestServerOnThisMachineNeedsNoNetwork(t *testing.T) {
	for address, local := range map[string]bool{
		"127.0.0.1:5222": true, "[::1]:5222": true, "localhost:5222": true, "192.0.2.1:5222": false, "chat.test:5222": false, "": false,
	} {
		if isLocal(address) != local {
			t.Errorf("isLocal(%q) = %v", address, !local)
		}
	}
}

// TestRace checks who wins, when, and that the others are closed.
func TestRace(t *testing.T) {
	const never = time.Hour
	starts := []time.Duration{0, 100 * time.Millisecond, 250 * time.Millisecond}
	refused := errors.New("no route to host")
	for _, tt := range []struct {
		name  string
		takes []time.Duration // of each dial, negative: fails after that time
		after time.Duration
		dials int
		err   error
	}{
		{"the first", []time.Duration{50 * time.Millisecond, never, never}, 50 * time.Millisecond, 1, nil},
		{"the first is lost", []time.Duration{never, 20 * time.Millisecond, never}, 120 * time.Millisecond, 2, nil},
		{"the first two fail", []time.Duration{-1, -1, 30 * time.Millisecond}, 280 * time.Millisecond, 3, nil},
		{"two at once", []time.Duration{150 * time.Millisecond, 50 * time.Millisecond, never}, 150 * time.Millisecond, 2, nil},
		{"all fail", []time.Duration{-1, -1, -1}, 250*time.Millisecond + 1, 3, refused},
		{"in time", []time.Duration{never, never, never}, 2 * time.Second, 3, context.DeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var dials, open atomic.Int32
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				begin := time.Now()
				conn, err := race(ctx, starts, func(ctx context.Context) (net.Conn, error) {
					takes := tt.takes[dials.Add(1)-1]
					select {
					case <-time.After(takes.Abs()):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					if takes < 0 {
						return nil, refused
					}
					open.Add(1)
					return counted{n: &open}, nil
				})
				if !errors.Is(err, tt.err) || (conn == nil) != (tt.err != nil) {
					t.Errorf("%v, %v; want %v", conn, err, tt.err)
				}
				if took := time.Since(begin); took != tt.after || int(dials.Load()) != tt.dials {
					t.Errorf("%d dials in %s, want %d in %s", dials.Load(), took, tt.dials, tt.after)
				}
				if n := open.Load(); (n == 1) != (tt.err == nil) {
					t.Errorf("%d connections are open", n)
				}
			})
		})
	}
}

// counted is a connection that counts the open ones.
type counted struct {
	net.Conn
	n *atomic.Int32
}

func (c counted) Close() error {
	c.n.Add(-1)
	return nil
}

// addressed is a connection with a local address.
type addressed struct {
	net.Conn
	local net.Addr
}

func (a addressed) LocalAddr() net.Addr { return a.local }

func TestNetworkTakesTheAddressAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 1, smResumed(2))
		cfg := testConfig(s)
		cfg.Dial = func(ctx context.Context) (net.Conn, error) {
			conn, err := s.dial(ctx)
			return addressed{conn, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}, err
		}
		c := newClient(t, cfg)
		c.addresses = func() ([]net.Addr, error) {
			return []net.Addr{&net.IPNet{IP: net.IPv4(198, 51, 100, 7), Mask: net.CIDRMask(24, 32)}}, nil
		}
		c.run()
		s.login()
		c.wantState(true)
		begin := time.Now()
		c.NetworkChanged(true, true)
		c.wantState(false)
		s.login()
		c.wantState(true)
		if took := time.Since(begin); took != 0 {
			t.Errorf("replaced after %s, want at once", took)
		}
	})
}

func TestLocalGone(t *testing.T) {
	have := func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.ParseIP("192.0.2.1")}, &net.IPNet{IP: net.ParseIP("2001:db8::1")}}, nil
	}
	for _, tt := range []struct {
		local net.Addr
		have  func() ([]net.Addr, error)
		gone  bool
	}{
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.1")}, have, false},
		{&net.TCPAddr{IP: net.ParseIP("2001:db8::1")}, have, false},
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.2")}, have, true},
		{&net.TCPAddr{IP: net.ParseIP("127.0.0.1")}, have, false},
		{&net.UnixAddr{Name: "x"}, have, false},
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.2")}, func() ([]net.Addr, error) { return nil, errors.New("no") }, false},
	} {
		if got := localGone(addressed{local: tt.local}, tt.have); got != tt.gone {
			t.Errorf("%s gone: %v, want %v", tt.local, got, tt.gone)
		}
	}
}

// TestDeadServerIsNoticedSooner measures from the last sign of life.
func TestDeadServerIsNoticedSooner(t *testing.T) {
	for _, tt := range []struct {
		name   string
		inCall bool
		send   bool
		after  time.Duration
	}{
		{"idle", false, false, 35 * time.Second},
		{"in a call", true, false, 10 * time.Second},
		{"a signal is not acknowledged", false, true, 10 * time.Second},
		{"nor in a call", true, true, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := managedServer(t, 1, smFailed(""))
				c := start(t, testConfig(s))
				p := s.login()
				c.wantState(true)
				s.wg.Go(func() {
					for {
						if _, err := p.element(); err != nil {
							return
						}
					}
				})
				begin := time.Now()
				c.SetInCall(tt.inCall)
				if tt.send {
					c.Send(hangUp("x"))
				}
				st := c.wantState(false)
				if took := time.Since(begin); took != tt.after {
					t.Errorf("noticed after %s, want %s: %v", took, tt.after, st.Err)
				}
			})
		})
	}
}
