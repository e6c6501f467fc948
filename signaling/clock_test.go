package signaling

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestClock wants no traffic while the clock shows a time that cannot be.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, cfg, _ := secureServer(t, StartTLS, testDomain)
		c := newClient(t, cfg)
		var ahead atomic.Int64
		began := time.Now()
		c.now = func() time.Time {
			return time.Unix(0, 0).Add(time.Since(began)).AddDate(int(ahead.Load()), 0, 0)
		}
		c.run()
		st := c.wantState(false)
		if want := "waiting for the clock: it shows 1970-01-01"; st.Err.Error() != want {
			t.Errorf("error %q, want %q", st.Err, want)
		}
		time.Sleep(30 * time.Minute)
		if n := len(s.dialTimes()); n != 0 {
			t.Errorf("%d connections", n)
		}
		if n := len(c.states); n != 0 {
			t.Errorf("%d more states", n)
		}
		ahead.Store(50)
		set := time.Now()
		s.login()
		c.wantState(true)
		if took := time.Since(set); took > time.Second {
			t.Errorf("logged in %s after the clock was set", took)
		}
	})
}

func TestClockDoesNotMatterWithoutTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := newClient(t, testConfig(s))
		c.now = func() time.Time { return time.Unix(0, 0) }
		c.run()
		s.login()
		c.wantState(true)
	})
}

// TestAuthoritiesRollOver replaces the file of authorities under a running link.
func TestAuthoritiesRollOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, cfg, ca := secureServer(t, StartTLS, testDomain)
		cfg.RootCAs, cfg.CAFile = nil, filepath.Join(t.TempDir(), "ca.pem")
		write := func(content []byte) {
			if err := os.WriteFile(cfg.CAFile, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(ca.pem)
		c := start(t, cfg)
		p := s.login()
		c.wantState(true)

		write([]byte("half of a fi"))
		p.conn.Close()
		c.wantState(false)
		p = s.login()
		c.wantState(true)
		if c.log.count("level=WARN", "those read before", "no PEM certificate") != 1 {
			t.Errorf("the broken file was not told of:\n%s", c.log)
		}

		next := newAuthority(t)
		s.mu.Lock()
		s.tls = next.issue(t, testDomain, time.Now().Add(time.Hour))
		s.mu.Unlock()
		p.conn.Close()
		if st := c.wantState(false); !strings.Contains(st.Err.Error(), "closed by the server") {
			t.Errorf("down because of %v", st.Err)
		}
		if st := c.wantState(false); !strings.Contains(st.Err.Error(), "check xmpp.ca_file") {
			t.Errorf("down because of %v", st.Err)
		}
		write(next.pem)
		s.login()
		c.wantState(true)
	})
}
