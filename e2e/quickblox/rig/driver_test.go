package rig

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// fakeDriver answers each request line with what reply returns; "" is no
// answer.
func fakeDriver(t *testing.T, reply func(id int, op string) string) *driver {
	toDriver, requests := io.Pipe()
	answers, fromDriver := io.Pipe()
	d := newDriver(requests)
	go d.readAll(answers)
	go func() {
		defer fromDriver.Close()
		lines := bufio.NewScanner(toDriver)
		for lines.Scan() {
			var request struct {
				ID int
				Op string
			}
			if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
				t.Errorf("request %q: %v", lines.Text(), err)
			}
			fmt.Fprintln(fromDriver, reply(request.ID, request.Op))
		}
	}()
	t.Cleanup(func() {
		requests.Close()
		<-d.read
	})
	return d
}

func TestDriverAnswers(t *testing.T) {
	d := fakeDriver(t, func(id int, op string) string {
		if op == "fail" {
			return fmt.Sprintf(`{"id":%d,"error":"no such page"}`, id)
		}
		return fmt.Sprintf("a print of a library\n"+`{"id":%d,"result":"done %s"}`, id, op)
	})
	var result string
	if err := d.do(t.Context(), "open", nil, &result); err != nil || result != "done open" {
		t.Errorf("open: %q, %v", result, err)
	}
	if err := d.do(t.Context(), "open", nil, nil); err != nil {
		t.Errorf("open without a result: %v", err)
	}
	if err := d.do(t.Context(), "fail", nil, &result); err == nil || !strings.Contains(err.Error(), "no such page") {
		t.Errorf("fail: error %v, want the driver's", err)
	}
}

func TestDriverSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fakeDriver(t, func(int, string) string { return "" })
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("too slow"))
		defer cancel()
		if err := d.do(ctx, "open", nil, nil); err == nil || !strings.Contains(err.Error(), "too slow") {
			t.Errorf("error %v, want the context's cause", err)
		}
		if len(d.pending) != 0 {
			t.Errorf("%d requests still pending", len(d.pending))
		}
	})
}

func TestDriverPassesEventsToThePage(t *testing.T) {
	d := newDriver(nil)
	c := &Client{Page: newPage("anna", d)}
	d.readAll(strings.NewReader(strings.Join([]string{
		`{"page":"ben","event":"onCallListener","at":1000,"data":{}}`,
		`{"page":"anna","event":"onCallListener","at":1500.5,"data":{"user":104,"session":{"id":"s","state":1,"opponents":[101]},"extension":{"name":"door"}}}`,
		`{"page":"anna","event":"stanza","at":2000,"data":{"direction":"sent","xml":"<signalType>call</signalType>"}}`,
		`{"page":"anna","event":"media","at":2000,"data":{"user":104,"video":{"decoded":7},"audio":{"tones":{"440":{"level":-12,"above":50}}}}}`,
		`{"page":"anna","event":"picture-back","at":2500,"data":{"user":104,"gap":480,"received":2490.5}}`,
		`{"page":"anna","event":"onStopCallListener","at":2000,"data":{"user":"not a number"}}`,
	}, "\n")))
	e, err := c.Await(t.Context(), "onCallListener", 104)
	if err != nil || e.Session.ID != "s" || e.Extension["name"] != "door" || e.At.UnixMicro() != 1500500 {
		t.Errorf("event %+v, %v", e, err)
	}
	if e, err := c.Await(t.Context(), "picture-back", 104); err != nil || e.Gap != 480 || e.Received != 2490.5 {
		t.Errorf("event %+v, %v", e, err)
	}
	if n := c.Signals("sent", "call"); n != 1 {
		t.Errorf("%d call signals sent, want 1", n)
	}
	if m := c.Media(104); m.Video.Decoded != 7 || m.Audio.Tones["440"].Above != 50 {
		t.Errorf("media %+v", m)
	}
	if c.Events.Count(func(e ClientEvent) bool { return strings.Contains(e.Text, "not a number") }) != 1 {
		t.Error("an unreadable event left no trace")
	}
	if c.Had("onRejectCallListener") {
		t.Error("Had reports a listener nobody called")
	}
}
