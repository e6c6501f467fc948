package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

func ago(d time.Duration) time.Time { return testNow.Add(-d) }

// busyStatus is a device in the middle of things, and with hostile names.
func busyStatus() intercom.Status {
	return intercom.Status{
		Name: "Front door", Version: "1.2.3", UserID: 104, Started: ago(26 * time.Hour),
		XMPP:     intercom.XMPPStatus{State: "online", JID: "104-7@chat.example.org/intercom-1", Since: ago(13*time.Minute + 1500*time.Millisecond)},
		Camera:   intercom.DeviceStatus{Source: "auto", State: "open", Route: "YUYV → H264", Counters: map[string]float64{"frames": 31}},
		Audio:    intercom.DeviceStatus{Source: "file:in.wav", State: "missing", Error: `open "in.wav": no such file`},
		Playback: intercom.DeviceStatus{Source: "Loopback", State: "open", Counters: map[string]float64{"xruns": 3, "drift_ppm": -1.26}},
		GPIO: []intercom.DeviceStatus{
			{Name: "button front", Source: "auto:17", State: "open"},
			{Name: "lamp status", Source: "auto:23", State: "missing", Error: "no chip"},
		},
		Buttons: []string{"front", "side"}, Stuck: []string{"side"},
		Process:  intercom.ProcessStatus{Goroutines: 41, Files: 18, Memory: 22<<20 + 1<<19},
		Contacts: []intercom.ContactStatus{{Name: "Anna", UserID: 101}, {Name: "Ben", UserID: 102}},
		Media:    map[string]uint64{"peers": 2, "encoders_h264": 1, "encoders_vp8": 0},
		Signals:  map[string]uint64{"reconnects": 3, "resumptions": 2, "queued": 0},
		Sessions: []intercom.SessionStatus{
			{ID: "7b0c9d2e-50f2-4d7e-9d3e-0d1f6a4d5b11", State: "ACTIVE", CallType: "video", Initiator: 104, Since: ago(20 * time.Second),
				Peers: []intercom.PeerStatus{{UserID: 101, Name: "Anna", State: "CONNECTED"}, {UserID: 109, State: "CONNECTING"}, {UserID: 110, State: "UNDEFINED"}}},
			{ID: "x\t\x1b[31m", State: "NEW", CallType: "audio", Initiator: 102, Incoming: true, Since: ago(-time.Second)},
		},
	}
}

func TestStatus(t *testing.T) {
	local := ago(13*time.Minute + 1500*time.Millisecond).Local().Format(time.DateTime)
	tests := []struct {
		name   string
		status intercom.Status
		want   string
	}{
		{"busy", busyStatus(), `Front door: intercomd 1.2.3, user 104, up 26h0m0s

xmpp           online since ` + local + ` (13m1s)
jid            104-7@chat.example.org/intercom-1
camera         auto, open
               YUYV → H264
               frames 31
microphone     file:in.wav, missing: open "in.wav": no such file
speaker        Loopback, open
               drift_ppm -1.3, xruns 3
button front   auto:17, open
lamp status    auto:23, missing: no chip
buttons        front, side (stuck)
contacts       Anna (101), Ben (102)
media          encoders_h264 1, peers 2
signals        reconnects 3, resumptions 2
process        41 goroutines, 18 files, 22.5 MiB

SESSION                                STATE    CALL             FOR   PEER         CONNECTION
7b0c9d2e-50f2-4d7e-9d3e-0d1f6a4d5b11   ACTIVE   outgoing video   20s   Anna (101)   CONNECTED
                                                                       109          CONNECTING
                                                                       110          -
x\t\x1b[31m                            NEW      incoming audio   0s    -            -
`},
		{"offline", intercom.Status{
			Name: "Door", Version: "dev", UserID: 4,
			XMPP:   intercom.XMPPStatus{State: "offline", Error: "authentication failed\nfor 4-7@x"},
			Camera: intercom.DeviceStatus{}, Audio: intercom.DeviceStatus{Source: "test", State: "idle"},
		}, `Door: intercomd dev, user 4, up -

xmpp         offline: authentication failed\nfor 4-7@x
camera       none
microphone   test, idle
speaker      none
buttons      none
contacts     none
process      0 goroutines, 0 files, 0.0 MiB
sessions     none
`},
		{"pressed while offline", intercom.Status{
			Name: "Door", Version: "dev", UserID: 4, XMPP: intercom.XMPPStatus{State: "connecting"},
			Sessions: []intercom.SessionStatus{{ID: "a1", State: "NEW", CallType: "video", Initiator: 4, Since: ago(time.Second), Unsent: true}},
		}, `Door: intercomd dev, user 4, up -

xmpp         connecting
camera       none
microphone   none
speaker      none
buttons      none
contacts     none
process      0 goroutines, 0 files, 0.0 MiB

SESSION   STATE                     CALL             FOR   PEER   CONNECTION
a1        NEW, waits for the link   outgoing video   1s    -      -
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev := newFakeDevice()
			dev.status = tt.status
			got := try(t, t.Context(), nil, "status", "--socket", serve(t, dev))
			if got.code != 0 || got.stderr != "" || got.stdout != tt.want {
				t.Errorf("got code %d, %q and\n%s\nwant\n%s", got.code, got.stderr, got.stdout, tt.want)
			}
		})
	}
}

func TestStatusJSON(t *testing.T) {
	dev := newFakeDevice()
	dev.status = busyStatus()
	got := try(t, t.Context(), nil, "status", "--json", "--socket", serve(t, dev))
	var back intercom.Status
	if err := json.Unmarshal([]byte(got.stdout), &back); err != nil || got.code != 0 {
		t.Fatalf("got %+v: %v", got, err)
	}
	var again bytes.Buffer
	if err := writeJSON(&again, busyStatus(), "  "); err != nil {
		t.Fatal(err)
	}
	if again.String() != got.stdout {
		t.Errorf("got\n%s\nwant\n%s", got.stdout, &again)
	}
	for _, field := range []string{"\n  \"name\": \"Front door\",\n", "\n  \"xmpp\": {\n", "\"user_id\": 104", "\"peers\": ["} {
		if !strings.Contains(got.stdout, field) {
			t.Errorf("status --json lacks %q", field)
		}
	}
}

func TestVersion(t *testing.T) {
	text := try(t, t.Context(), nil, "version")
	if flag := try(t, t.Context(), nil, "--version"); flag != text {
		t.Errorf("--version is %+v, version is %+v", flag, text)
	}
	asJSON := try(t, t.Context(), nil, "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(asJSON.stdout), &b); err != nil || asJSON.code != 0 {
		t.Fatalf("got %+v: %v", asJSON, err)
	}
	if b.Version != "dev" || b.Commit == "" || b.Go != runtime.Version() || b.OS != runtime.GOOS || b.Arch != runtime.GOARCH {
		t.Errorf("version --json is %+v", b)
	}
	want := "intercomd dev (commit " + b.Commit + ", " + b.Go + ", " + b.OS + "/" + b.Arch + ")\n"
	if text != (outcome{0, want, ""}) {
		t.Errorf("version is %+v, want %q", text, want)
	}
}

// lineReader hands over what a command prints, write by write.
type lineReader struct{ lines chan string }

func (l lineReader) Write(p []byte) (int, error) {
	l.lines <- string(p)
	return len(p), nil
}

func TestEventsAreFollowed(t *testing.T) {
	ev := intercom.Event{
		Time: testNow, Event: "onUpdateCall", Session: "s", UserID: 101,
		Extension: call.Extension{"note": "<b>\x1b\u009b\u007f\n</b>"},
	}
	line := `{"time":"2026-03-01T12:00:00Z","event":"onUpdateCall","session":"s","user_id":101,` +
		`"extension":{"note":"<b>\u001b\u009b\u007f\n</b>"}}` + "\n"
	tests := []struct {
		name   string
		end    func(dev *fakeDevice, interrupt func())
		code   int
		stderr string
	}{
		{"interrupted", func(_ *fakeDevice, interrupt func()) { interrupt() }, 0, ""},
		{"device ends", func(dev *fakeDevice, _ func()) { close(dev.events) }, 1, "intercomd events: intercomd has stopped\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev := newFakeDevice()
			socket := serve(t, dev)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			stdout := lineReader{make(chan string)}
			var stderr bytes.Buffer
			c := &cli{stdout: stdout, stderr: &stderr, environ: []string{socketVariable + "=" + socket}}
			code := make(chan int, 1)
			go func() { code <- c.run(ctx, []string{"events"}) }()
			<-dev.subbed
			for range 2 {
				dev.events <- ev
				if got := <-stdout.lines; got != line {
					t.Errorf("got %s, want %s", got, line)
				}
			}
			tt.end(dev, interrupt)
			if got := <-code; got != tt.code || stderr.String() != tt.stderr {
				t.Errorf("got code %d and %q, want %d and %q", got, &stderr, tt.code, tt.stderr)
			}
		})
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestUnwritableOutputIsAnError(t *testing.T) {
	status := busyStatus()
	if err := writeStatus(brokenPipe{}, status, testNow); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("status: %v", err)
	}
	if err := writeSessions(brokenPipe{}, status.Sessions, testNow); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("sessions: %v", err)
	}
	c := &cli{stdout: brokenPipe{}, stderr: io.Discard}
	for _, args := range []string{"version", "version --json", "help"} {
		if code := c.run(t.Context(), strings.Fields(args)); code != exitFailure {
			t.Errorf("%s: code %d, want 1", args, code)
		}
	}
}
