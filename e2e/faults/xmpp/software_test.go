//go:build e2e

package xmpp

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/intercomd/intercomd/e2e/prosody"
)

// What every server has: the domain and its users.
const (
	domain    = "chat.test"
	appID     = 7
	firstUser = 101
	lastUser  = 109
	password  = "correct horse"
)

// software is an XMPP server program and how it is set up.
type software struct {
	name   string
	user   string // it runs as, the Debian package's
	subnet int    // third byte of the wire's addresses
	// setUp writes what the program needs and returns its command line and
	// environment.
	setUp func(s *server) (command, environment []string)
}

func programs() []software {
	return []software{
		{name: "Prosody", user: prosody.User, subnet: 1, setUp: setUpProsody},
		{name: "ejabberd", user: "ejabberd", subnet: 2, setUp: setUpEjabberd},
	}
}

// setUpProsody adds a module that sends clients to another server.
func setUpProsody(s *server) (command, environment []string) {
	passwords := map[string]string{}
	for u := firstUser; u <= lastUser; u++ {
		passwords[fmt.Sprintf("%d-%d", u, appID)] = password
	}
	s.write("plugins/mod_elsewhere.lua", fmt.Sprintf(modElsewhere, s.path("elsewhere")))
	if err := prosody.Prepare(s.dir, domain, fmt.Sprintf(prosodyConfig, s.dir, serverPort, domain), passwords); err != nil {
		s.t.Fatal(err)
	}
	return prosody.Arguments(s.dir), nil
}

const prosodyConfig = `
data_path = "%[1]s/data"
pidfile = "%[1]s/prosody.pid"
certificates = "%[1]s"
log = { { levels = { min = "debug" }, to = "file", filename = "%[1]s/server.log" } }
plugin_paths = { "%[1]s/plugins" }
modules_enabled = { "disco", "roster", "saslauth", "tls", "ping", "smacks", "elsewhere" }
modules_disabled = { "s2s", "offline", "pep" }
interfaces = { "127.0.0.1" }
c2s_ports = { %[2]s }
c2s_direct_tls_ports = {}
http_ports = {}
https_ports = {}
c2s_require_encryption = true
authentication = "internal_plain"
storage = "internal"
ssl = { certificate = "%[1]s/server.pem", key = "%[1]s/server.key" }
VirtualHost "%[3]s"
`

// modElsewhere is a module of Prosody: when a file is written, it sends every
// client to the address in it.
const modElsewhere = `
local st = require "util.stanza";
module:add_timer(0.1, function()
	local file = io.open("%[1]s");
	if not file then return 0.1; end
	local address = file:read("*l");
	file:close();
	os.remove("%[1]s");
	local sessions = {};
	for _, session in pairs(prosody.full_sessions) do sessions[#sessions+1] = session; end
	for _, session in ipairs(sessions) do
		session:close(st.stanza("stream:error"):tag("see-other-host", { xmlns = "urn:ietf:params:xml:ns:xmpp-streams" }):text(address):up());
	end
	return 0.1;
end);
`

// setUpEjabberd runs the Erlang node without distribution, so without epmd and
// cookie. It makes the accounts once it runs.
func setUpEjabberd(s *server) (command, environment []string) {
	s.write("ejabberd.yml", fmt.Sprintf(`
loglevel: info
log_rotate_count: 0
hosts: ["%[3]s"]
certfiles: ["%[1]s/server.pem", "%[1]s/server.key"]
ca_file: "%[1]s/ca.pem"
listen:
  - {port: %[2]s, ip: "127.0.0.1", module: ejabberd_c2s, starttls_required: true}
auth_method: internal
modules:
  mod_disco: {}
  mod_ping: {}
  mod_roster: {}
  mod_stream_mgmt: {}
`, s.dir, serverPort, domain))
	s.write("spool/.keep", "")
	register := fmt.Sprintf(`[ejabberd_auth:try_register(<<(integer_to_binary(U))/binary, "-%d">>, <<"%s">>, <<"%s">>) || U <- lists:seq(%d, %d)].`,
		appID, domain, password, firstUser, lastUser)
	return []string{"erl", "-noinput", "+S", "1:1", "-mnesia", "dir", fmt.Sprintf("%q", s.path("spool")), "-s", "ejabberd", "-eval", register},
		[]string{
			"EJABBERD_CONFIG_PATH=" + s.path("ejabberd.yml"), "EJABBERD_LOG_PATH=" + s.path("server.log"),
			"ERL_LIBS=" + erlangLibraries(s.t), "ERL_CRASH_DUMP_BYTES=0", "HOME=" + s.dir,
		}
}

// erlangLibraries is where Debian's package keeps ejabberd.
func erlangLibraries(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/*/ejabberd-*")
	if err != nil || len(found) == 0 {
		t.Fatalf("the Debian package ejabberd is needed (%v)", err)
	}
	return filepath.Dir(found[0])
}
