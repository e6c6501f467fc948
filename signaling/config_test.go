package signaling

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNewChecksTheConfiguration(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		spoil func(*Config)
		want  string
	}{
		{"no domain", func(c *Config) { c.Domain = "" }, "xmpp.domain: missing"},
		{"bad domain", func(c *Config) { c.Domain = "chat test" }, `xmpp.domain: "chat test"`},
		{"JID as domain", func(c *Config) { c.Domain = "a@b" }, `xmpp.domain: "a@b"`},
		{"no user", func(c *Config) { c.Username = "" }, "quickblox.user_id: missing"},
		{"bad user", func(c *Config) { c.Username = "a@b" }, `quickblox.user_id: "a@b"`},
		{"no password", func(c *Config) { c.Password = "" }, "quickblox.password_file: the password is empty"},
		{"bad resource", func(c *Config) { c.Resource = "a\x00" }, "xmpp.resource:"},
		{"no port", func(c *Config) { c.Address = "localhost" }, `xmpp.address: "localhost" is not host:port`},
		{"port by name", func(c *Config) { c.Address = "localhost:xmpp" }, "xmpp.address:"},
		{"port 0", func(c *Config) { c.Address = "localhost:0" }, "xmpp.address:"},
		{"port too large", func(c *Config) { c.Address = "localhost:65536" }, "xmpp.address:"},
		{"no host", func(c *Config) { c.Address = ":5222" }, "xmpp.address:"},
		{"unknown mode", func(c *Config) { c.TLS = "ssl" }, `xmpp.tls: "ssl" is not one of starttls, direct, none`},
		{"clear text", func(c *Config) { c.TLS = NoTLS }, "xmpp.allow_insecure: true"},
		{"CA file missing", func(c *Config) { c.CAFile = junk + "x" }, "xmpp.ca_file: open"},
		{"CA file is none", func(c *Config) { c.CAFile = junk }, "holds no PEM certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Config{Domain: testDomain, Username: testUser, Password: "hunter2"}
			tt.spoil(&cfg)
			_, err := New(cfg, testCodec{}, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q in it", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

func TestNewWantsItsParts(t *testing.T) {
	cfg := Config{Domain: testDomain, Username: testUser, Password: "x"}
	if _, err := New(cfg, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error without a codec")
	}
	if _, err := New(cfg, testCodec{}, nil); err == nil {
		t.Error("no error without a logger")
	}
}

func TestDefaults(t *testing.T) {
	l, err := New(Config{Domain: testDomain, Username: testUser, Password: "x", Timing: Timing{Dial: time.Second}},
		testCodec{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.self.String(), "104-7@chat.test/intercom"; got != want {
		t.Errorf("JID %s, want %s", got, want)
	}
	if l.cfg.TLS != StartTLS || l.tls.config.ServerName != testDomain || len(l.tls.config.NextProtos) != 0 {
		t.Errorf("mode %s, TLS %+v", l.cfg.TLS, l.tls)
	}
	if l.cfg.Timing.Dial != time.Second || l.cfg.Timing.PingIdle != 25*time.Second || l.cfg.Timing.RefusedMax != 15*time.Minute {
		t.Errorf("timing %+v", l.cfg.Timing)
	}
	if st := l.Status(); st.State != StatusOffline || st.Since.IsZero() {
		t.Errorf("status %+v", st)
	}
}

func TestDirectTLSNamesTheProtocol(t *testing.T) {
	l, err := New(Config{Domain: testDomain, Username: testUser, Password: "x", TLS: DirectTLS}, testCodec{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(l.tls.config.NextProtos, []string{"xmpp-client"}) {
		t.Errorf("ALPN %q", l.tls.config.NextProtos)
	}
}
