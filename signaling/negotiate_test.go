package signaling

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// secureServer returns a server with a certificate for name, and a
// configuration that trusts its authority.
func secureServer(t *testing.T, mode TLSMode, name string) (*server, Config, authority) {
	t.Helper()
	s := newServer(t, mode)
	ca := newAuthority(t)
	s.tls = ca.issue(t, name, time.Now().Add(time.Hour))
	cfg := testConfig(s)
	cfg.RootCAs = ca.pool
	return s, cfg, ca
}

func TestLogin(t *testing.T) {
	for _, mode := range []TLSMode{StartTLS, DirectTLS, NoTLS} {
		for _, tt := range []struct {
			offered []string
			want    string
		}{
			{[]string{"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}, "SCRAM-SHA-256"},
			{[]string{"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"}, "SCRAM-SHA-1"},
			{[]string{"ANONYMOUS", "PLAIN"}, "PLAIN"},
		} {
			t.Run(string(mode)+" "+tt.want, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, cfg, _ := secureServer(t, mode, testDomain)
					s.mechanisms = tt.offered
					c := start(t, cfg)
					p := s.login()
					if got := c.wantState(true).JID; got != testFull {
						t.Errorf("JID %s, want %s", got, testFull)
					}
					if got := s.usedMechanism(); got != tt.want {
						t.Errorf("mechanism %s, want %s", got, tt.want)
					}
					if _, ok := p.conn.(*tls.Conn); ok != (mode != NoTLS) {
						t.Errorf("the link is a %T with mode %s", p.conn, mode)
					}
					p.send(message("through"))
					c.wantSignal("through")
				})
			})
		}
	}
}

func TestCAFileReplacesTheSystemsAuthorities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, cfg, ca := secureServer(t, StartTLS, testDomain)
		cfg.RootCAs, cfg.CAFile = nil, filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(cfg.CAFile, ca.pem, 0o600); err != nil {
			t.Fatal(err)
		}
		c := start(t, cfg)
		s.login()
		c.wantState(true)
	})
}

func TestSessionRequest(t *testing.T) {
	for name, feature := range map[string]string{
		"none":     "",
		"optional": `<session xmlns='` + nsSession + `'><optional/></session>`,
		"needed":   `<session xmlns='` + nsSession + `'/>`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, NoTLS)
				s.session = feature
				c := start(t, testConfig(s))
				s.login() // which checks that the next element is <presence/>
				c.wantState(true)
			})
		})
	}
}

func TestServerMayChooseTheResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		s.boundJID = testUser + "@" + testDomain + "/other"
		c := start(t, testConfig(s))
		s.login()
		if got := c.wantState(true).JID; got != s.boundJID {
			t.Errorf("JID %s, want %s", got, s.boundJID)
		}
	})
}

// TestFailures checks what a user is told, and how soon the link comes back.
func TestFailures(t *testing.T) {
	const refused = "authentication failed for 104-7@chat.test: check quickblox.user_id and password_file"
	tests := []struct {
		name  string
		mode  TLSMode
		spoil func(t *testing.T, s *server, cfg *Config)
		want  []string
		slow  bool // comes back after a minute only
	}{
		{"wrong password, SCRAM", NoTLS, func(_ *testing.T, _ *server, cfg *Config) { cfg.Password = "wrong" }, []string{refused}, true},
		{"wrong password, PLAIN", NoTLS, func(_ *testing.T, s *server, cfg *Config) {
			cfg.Password, s.mechanisms = "wrong", []string{"PLAIN"}
		}, []string{refused}, true},
		{"wrong user", NoTLS, func(_ *testing.T, _ *server, cfg *Config) { cfg.Username = "105-7" },
			[]string{"authentication failed for 105-7@chat.test"}, true},
		{"wrong authority", StartTLS, func(t *testing.T, _ *server, cfg *Config) { cfg.RootCAs = newAuthority(t).pool },
			[]string{"verify certificate of chat.test", "unknown authority", "check xmpp.ca_file"}, false},
		{"wrong authority, direct", DirectTLS, func(t *testing.T, _ *server, cfg *Config) { cfg.RootCAs = newAuthority(t).pool },
			[]string{"unknown authority", "check xmpp.ca_file"}, false},
		{"other host", StartTLS, func(t *testing.T, s *server, cfg *Config) {
			ca := newAuthority(t)
			s.tls, cfg.RootCAs = ca.issue(t, "mail.test", time.Now().Add(time.Hour)), ca.pool
		}, []string{"valid for mail.test, not chat.test", "check xmpp.domain"}, false},
		{"expired", StartTLS, func(t *testing.T, s *server, cfg *Config) {
			ca := newAuthority(t)
			s.tls, cfg.RootCAs = ca.issue(t, testDomain, time.Now().Add(-time.Minute)), ca.pool
		}, []string{"valid from", "until 1999-12-31T23:59:00Z only", "check the clock"}, false},
		{"no STARTTLS", StartTLS, func(_ *testing.T, s *server, _ *Config) { s.mode = NoTLS },
			[]string{"the server offers no STARTTLS: check xmpp.tls"}, false},
		{"STARTTLS wanted", NoTLS, func(_ *testing.T, s *server, _ *Config) { s.mode = StartTLS },
			[]string{"the server wants STARTTLS before login: check xmpp.tls"}, false},
		{"TLS to a plain port", DirectTLS, func(_ *testing.T, s *server, _ *Config) { s.mode = NoTLS },
			[]string{"start TLS with chat.test"}, false},
		{"no mechanism", NoTLS, func(_ *testing.T, s *server, _ *Config) { s.mechanisms = []string{"X-TOKEN"} },
			[]string{"no usable SASL mechanism (it offers: X-TOKEN)"}, false},
		{"PLAIN in clear text beside SCRAM", NoTLS, func(_ *testing.T, s *server, _ *Config) { s.mechanisms = []string{"SCRAM-SHA-512", "PLAIN"} },
			[]string{"no usable SASL mechanism"}, false},
		{"unknown host", NoTLS, func(_ *testing.T, s *server, _ *Config) { s.streamErr = "host-unknown" },
			[]string{"the server does not serve chat.test (host-unknown): check xmpp.domain"}, false},
		{"policy", NoTLS, func(_ *testing.T, s *server, _ *Config) { s.streamErr = "policy-violation" },
			[]string{"policy-violation"}, true},
		{"resource taken", NoTLS, func(_ *testing.T, s *server, _ *Config) {
			s.bindError = `<error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`
		}, []string{`another client uses the resource "intercom-1"`, "check xmpp.resource"}, true},
		{"bind refused", NoTLS, func(_ *testing.T, s *server, _ *Config) {
			s.bindError = `<error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`
		}, []string{"negotiate bind: the server refused: bad-request"}, false},
		{"other account bound", NoTLS, func(_ *testing.T, s *server, _ *Config) { s.boundJID = "1-7@chat.test/x" },
			[]string{"the server bound 1-7@chat.test/x, not 104-7@chat.test"}, false},
		{"bad JID bound", NoTLS, func(_ *testing.T, s *server, _ *Config) { s.boundJID = "@/" },
			[]string{"the server gave a bad JID"}, false},
		{"endless features", NoTLS, func(_ *testing.T, s *server, _ *Config) {
			s.mechanisms = []string{strings.Repeat("x", maxStanza)}
		}, []string{"more than 262144 bytes in one element before login"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, cfg, _ := secureServer(t, tt.mode, testDomain)
				tt.spoil(t, s, &cfg)
				c := start(t, cfg)
				st := c.wantState(false)
				for _, want := range tt.want {
					if !strings.Contains(st.Err.Error(), want) {
						t.Errorf("error %q, want %q in it", st.Err, want)
					}
				}
				if got := c.Status(); got.Err != st.Err.Error() || got.State != StatusOffline {
					t.Errorf("status %+v", got)
				}
				time.Sleep(59 * time.Second)
				if n := len(s.dialTimes()); tt.slow != (n == 1) {
					t.Errorf("%d attempts in 59 s, slow %v", n, tt.slow)
				}
				time.Sleep(5 * time.Minute)
				if n := c.log.count("level=ERROR"); n != 1 {
					t.Errorf("the reason was logged %d times, want once:\n%s", n, c.log)
				}
				if n := len(c.states); n != 0 {
					t.Errorf("%d more states for the same reason", n)
				}
				if strings.Contains(c.log.String(), cfg.Password) {
					t.Errorf("the password is in the log:\n%s", c.log)
				}
			})
		})
	}
}

func TestSilentServerIsLeftInEveryPhase(t *testing.T) {
	tests := []struct {
		mode          TLSMode
		silent, phase string
	}{
		{NoTLS, "connect", "stream"},
		{NoTLS, "features", "stream"},
		{StartTLS, "proceed", "STARTTLS"},
		{StartTLS, "handshake", "TLS"},
		{DirectTLS, "connect", "TLS"},
		{StartTLS, "features", "stream"},
		{NoTLS, "challenge", "login"},
		{NoTLS, "success", "login"},
		{StartTLS, "challenge", "login"},
		{StartTLS, "bind", "bind"},
		{NoTLS, "session", "session"},
		{StartTLS, "presence", "presence"},
	}
	for _, tt := range tests {
		t.Run(string(tt.mode)+" "+tt.silent, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, cfg, _ := secureServer(t, tt.mode, testDomain)
				s.silent, s.session = tt.silent, `<session xmlns='`+nsSession+`'/>`
				begin := time.Now()
				c := start(t, cfg)
				st := c.wantState(false)
				if want := "negotiate " + tt.phase + ": no answer within 30s"; st.Err.Error() != want {
					t.Errorf("error %q, want %q", st.Err, want)
				}
				if d := time.Since(begin); d != 30*time.Second {
					t.Errorf("after %s, want 30 s", d)
				}
				time.Sleep(35 * time.Second)
				if n := len(s.dialTimes()); n < 2 {
					t.Errorf("%d attempts, want another", n)
				}
			})
		})
	}
}

func TestServerThatClosesWhileNegotiating(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, StartTLS) // has no certificate: its handshake fails
		s.tls = &tls.Config{}
		c := start(t, testConfig(s))
		if st := c.wantState(false); !strings.Contains(st.Err.Error(), "start TLS with chat.test") {
			t.Errorf("error %q", st.Err)
		}
	})
}

// Nobody vouches for what came before the handshake: somebody on the way may
// have put a call into it, or the beginning of a stanza.
func TestPlainTextBeforeTLSMeansNothing(t *testing.T) {
	for name, injected := range map[string]string{
		"a stanza":                  message("injected"),
		"the beginning of a stanza": strings.TrimSuffix(message("injected"), "</message>"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, cfg, _ := secureServer(t, StartTLS, testDomain)
				s.injected = injected
				c := start(t, cfg)
				p := s.login()
				c.wantState(true)
				p.send(message("genuine"))
				c.wantSignal("genuine")
			})
		})
	}
}
