//go:build e2e

package xmpp

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/signaling/quickblox"
)

// The users of the two links.
var linkUsers = [2]call.UserID{101, 102}

// links is a pair of links that exchange numbers.
type links struct {
	*exchange
	label string // of their goroutines
	ends  [2]*link
}

// link is one of them. What it was told is kept.
type link struct {
	*signaling.Link
	mu      sync.Mutex
	logins  []time.Time // when it came online
	resumed int         // how often the server still had its session
}

// history is how often a link came online.
type history struct{ logins, resumed int }

func (l *link) told(s signaling.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.Online {
		l.logins = append(l.logins, time.Now())
	}
	if s.Resumed {
		l.resumed++
	}
}

func (l *link) history() history {
	l.mu.Lock()
	defer l.mu.Unlock()
	return history{len(l.logins), l.resumed}
}

// cameBack returns when the link came online after at for the first time, or
// the zero time.
func (l *link) cameBack(at time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.logins, func(login time.Time) bool { return login.After(at) })
	if i < 0 {
		return time.Time{}
	}
	return l.logins[i]
}

// startLinks logs both users in at the address and lets them exchange numbers.
func startLinks(t *testing.T, s *server, address string, p parameters) *links {
	t.Helper()
	l := &links{exchange: newExchange(t, "links", 200*time.Millisecond), label: s.name}
	timing := signaling.Timing{PingIdleInCall: 2 * time.Second, PingTimeoutInCall: 2 * time.Second, BackoffMax: 2 * time.Second}
	if p.long {
		timing = signaling.Timing{}
		l.pace = time.Second
	}
	for end, user := range linkUsers {
		file := logFile(t, p.logs, fmt.Sprintf("link-%d", user))
		log := slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelDebug}))
		l.ends[end] = l.start(t, end, log, signaling.Config{
			Domain: domain, Username: fmt.Sprintf("%d-%d", user, appID), Password: password, Resource: "intercom-1",
			Address: address, CAFile: s.path("ca.pem"), Timing: timing,
		})
	}
	for end := range l.ends {
		eventually(t, "a link to be online", func() error {
			if s := l.ends[end].Status(); s.State != signaling.StatusOnline {
				return fmt.Errorf("%+v", s)
			}
			return nil
		})
	}
	l.send = func(end, n int) {
		l.ends[end].Send(call.Signal{
			Type: call.SignalUpdate, Peer: call.Address{User: linkUsers[1-end]}, Session: "numbers", CallType: call.Video,
			Initiator: linkUsers[0], Opponents: []call.UserID{linkUsers[1]}, Platform: "intercom", Extension: extension(n),
		})
	}
	l.run()
	return l
}

func (l *links) start(t *testing.T, end int, log *slog.Logger, cfg signaling.Config) *link {
	t.Helper()
	codec, err := quickblox.NewCodec(appID, domain, quickblox.NewID)
	if err != nil {
		t.Fatal(err)
	}
	made, err := signaling.New(cfg, codec, log)
	if err != nil {
		t.Fatal(err)
	}
	out := &link{Link: made}
	out.SetInCall(true)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go pprof.Do(ctx, pprof.Labels("links", l.label), func(ctx context.Context) {
		done <- out.Run(ctx, func(s call.Signal) { l.received(end, s.Extension) }, out.told)
	})
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return out
}

// goroutines counts those of the links: they bear a label, which they hand
// down to what they start.
func (l *links) goroutines(t *testing.T) int {
	t.Helper()
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, group := range strings.Split(profile.String(), "\n\n") {
		var n int
		if strings.Contains(group, fmt.Sprintf(`"links":%q`, l.label)) {
			if _, err := fmt.Sscanf(group, "%d @", &n); err != nil {
				t.Fatalf("read goroutine profile: %v in %q", err, group)
			}
			sum += n
		}
	}
	return sum
}
