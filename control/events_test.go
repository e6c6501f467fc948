package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

// follow starts a follower and returns the events it sees and how it ended.
func follow(t *testing.T, ctx context.Context, path string) (<-chan intercom.Event, <-chan error) {
	t.Helper()
	events := make(chan intercom.Event)
	ended := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		ended <- NewClient(path).Follow(ctx, func() { close(ready) }, func(ev intercom.Event) error {
			events <- ev
			return nil
		})
	}()
	receive(t, ready, "subscription")
	return events, ended
}

func TestEventsArriveAtOnceAndWhole(t *testing.T) {
	dev := newFakeDevice()
	path, _ := serve(t, dev, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events, ended := follow(t, ctx, path)
	sub := dev.subscription(0)

	sent := []intercom.Event{
		{Time: time.Unix(1, 0).UTC(), Event: "press", Button: "front"},
		{Time: time.Unix(2, 0).UTC(), Event: "onAcceptCall", Session: "s", UserID: 101, Extension: call.Extension{"a": "<&>\n"}},
		{Time: time.Unix(3, 0).UTC(), Event: "onRemoteStream", Kinds: []call.Kind{call.KindAudio, call.KindVideo}},
		{Time: time.Unix(4, 0).UTC(), Event: "onCallStatsReport", Stats: &call.StatsReport{RoundTripTime: time.Millisecond, Video: call.MediaStats{Codec: "VP8"}}},
	}
	for _, ev := range sent {
		sub <- ev
		got := receive(t, events, ev.Event) // before the next one is sent: it was flushed
		if got.Stats != nil {
			if *got.Stats != *ev.Stats {
				t.Errorf("statistics came as %+v, want %+v", got.Stats, ev.Stats)
			}
			got.Stats, ev.Stats = nil, nil
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", ev) {
			t.Errorf("event came as %+v, want %+v", got, ev)
		}
	}
	cancel()
	if err := receive(t, ended, "end of follower"); err != nil {
		t.Errorf("Follow ended by its user: %v, want nil", err)
	}
	receive(t, dev.gone, "end of subscription")
}

func TestEventsAreLinesOfJSON(t *testing.T) {
	dev := newFakeDevice()
	path, _ := serve(t, dev, "")
	conn := dial(t, path)
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "application/x-ndjson" {
		t.Errorf("content type is %q", got)
	}
	sub := dev.subscription(0)
	sub <- intercom.Event{Time: time.Unix(0, 0).UTC(), Event: "onStopCall", Session: "s", UserID: 101}
	close(sub)
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"time":"1970-01-01T00:00:00Z","event":"onStopCall","session":"s","user_id":101}` + "\n"
	if string(got) != want {
		t.Errorf("stream is %q, want %q", got, want)
	}
}

func TestFollowersEndWithTheDaemon(t *testing.T) {
	tests := []struct {
		name string
		end  func(t *testing.T, dev *fakeDevice, stop func() error)
	}{
		{"server ends", func(t *testing.T, _ *fakeDevice, stop func() error) {
			if err := stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
		}},
		{"device ends", func(_ *testing.T, dev *fakeDevice, _ func() error) { close(dev.subscription(0)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev := newFakeDevice()
			path, stop := serve(t, dev, "")
			_, ended := follow(t, t.Context(), path)
			tt.end(t, dev, stop)
			if err := receive(t, ended, "end of follower"); !errors.Is(err, ErrEnded) {
				t.Errorf("Follow: %v, want ErrEnded", err)
			}
		})
	}
}

func TestSlowFollowerIsDroppedAndToldSo(t *testing.T) {
	dev := newFakeDevice()
	path, _ := serve(t, dev, "")
	held := make(chan struct{})
	ended := make(chan error, 1)
	var seen int
	go func() {
		ended <- NewClient(path).Follow(t.Context(), nil, func(intercom.Event) error {
			if seen == 0 {
				<-held // reads nothing while the device goes on
			}
			seen++
			return nil
		})
	}()
	receive(t, dev.subbed, "subscription")
	sub := dev.subscription(0)
	sent := flood(t, dev, sub)
	// Dropping one follower must leave the device free and others served.
	events, _ := follow(t, t.Context(), path)
	dev.subscription(1) <- intercom.Event{Event: "press"}
	if got := receive(t, events, "event of the other follower"); got.Event != "press" {
		t.Errorf("other follower got %+v", got)
	}
	close(held)
	err := receive(t, ended, "end of slow follower")
	var dropped *DroppedError
	if !errors.As(err, &dropped) || !strings.Contains(err.Error(), "follower too slow: more than 256 events waiting") {
		t.Errorf("Follow: %v, want a DroppedError", err)
	}
	if seen < queueLength || seen > sent+1 {
		t.Errorf("follower saw %d events of %d sent, want those of its queue and the last line", seen, sent)
	}
}

// flood sends events until the server gives the subscription up.
func flood(t *testing.T, dev *fakeDevice, sub chan<- intercom.Event) int {
	t.Helper()
	ev := intercom.Event{Event: "onUpdateCall", Extension: call.Extension{"x": strings.Repeat("y", 4096)}}
	for n := 0; n < 100_000; n++ {
		select {
		case sub <- ev:
		case <-dev.gone:
			return n
		case <-time.After(10 * time.Second):
			t.Fatal("the device was held up for 10 s")
		}
	}
	t.Fatal("100000 events were taken for a follower that reads nothing")
	return 0
}

func TestFollowersAreCounted(t *testing.T) {
	dev := newFakeDevice()
	path, _ := serve(t, dev, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range maxFollowers {
		follow(t, ctx, path)
	}
	err := NewClient(path).Follow(t.Context(), nil, nil)
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("one more: %v, want 503", err)
	}
	cancel()
	for range maxFollowers {
		receive(t, dev.gone, "end of subscription")
	}
}
