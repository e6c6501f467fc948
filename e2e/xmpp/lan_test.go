//go:build e2e

package xmpp

import (
	"log/slog"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/signaling/lan"
)

// TestServerInTheSameProcess logs in to the device's own server over its pipe.
func TestServerInTheSameProcess(t *testing.T) {
	server, err := lan.New(lan.Config{
		Domain: domain,
		Users:  func(string) (string, bool) { return password, true },
	}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	link := func(user call.UserID) *party {
		return run(t, user, signaling.Config{
			Domain: domain, Username: user.String() + "-7", Password: password, Resource: "intercom-1",
			TLS: signaling.NoTLS, AllowInsecure: true, Dial: server.Dial,
		})
	}
	door, remote := link(device), link(phone)
	door.wantState(true)
	remote.wantState(true)
	door.ring(remote, "out")
	remote.ring(door, "in")
}
