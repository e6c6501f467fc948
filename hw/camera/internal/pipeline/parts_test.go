package pipeline

import (
	"errors"
	"image"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func unitOf(key bool, name string) *Frame { return &Frame{key: key, payload: []byte(name)} }

// began lets a reader take its first picture.
func began(t *testing.T, o *outbox) {
	t.Helper()
	o.putUnit(unitOf(true, "begin"))
	if img, err := o.take(); img == nil || err != nil {
		t.Fatalf("took %v, %v", img, err)
	}
}

// TestOutboxRests: what nobody reads is neither kept nor counted, and whoever
// comes gets a key frame.
func TestOutboxRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Counters
		o := newOutbox(&c)
		for range 3 * maxQueue {
			if o.putUnit(unitOf(false, "unread")) {
				t.Error("asks for a key frame that nobody wants")
			}
		}
		if !o.rest(time.Now()) || o.again() {
			t.Error("does not rest before the first reader")
		}
		for round := range 2 {
			time.AfterFunc(time.Millisecond, func() {
				if o.rest(time.Now()) || !o.again() || o.again() || !o.putUnit(unitOf(false, "stale")) {
					t.Errorf("round %d: the reader gets no key frame", round)
				}
				o.putUnit(unitOf(true, "key"))
			})
			if img, err := o.take(); err != nil || string(img.(*Frame).Payload()) != "key" {
				t.Errorf("round %d: took %v, %v", round, img, err)
			}
			time.Sleep(restAfter - 1)
			if o.rest(time.Now()) {
				t.Error("rests while the reader is only slow")
			}
			time.Sleep(time.Nanosecond)
			if !o.rest(time.Now()) {
				t.Error("goes on without a reader")
			}
		}
		if s := c.Stats(); s.Dropped != 2 || s.Frames != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// TestOutboxKeepsStreamsWhole: after access units were left out, the next that
// comes through is a key frame.
func TestOutboxKeepsStreamsWhole(t *testing.T) {
	var c Counters
	o := newOutbox(&c)
	began(t, o)
	for range maxQueue {
		if o.putUnit(unitOf(false, "early")) {
			t.Fatal("asks for a key frame while there is room")
		}
	}
	for range 3 {
		if !o.putUnit(unitOf(false, "late")) {
			t.Error("does not ask for a key frame")
		}
	}
	if o.putUnit(unitOf(true, "key")) || o.putUnit(unitOf(false, "after")) {
		t.Error("asks for a key frame after one came")
	}
	for _, want := range []string{"key", "after"} {
		img, err := o.take()
		if err != nil || string(img.(*Frame).Payload()) != want {
			t.Errorf("took %q, %v, want %q", img.(*Frame).Payload(), err, want)
		}
	}
	if s := c.Stats(); s.Dropped != maxQueue+3 || s.Frames != 3 || s.KeyFrames != 2 || s.Bytes != 13 {
		t.Errorf("%+v", s)
	}
}

func TestOutboxKeepsNewestPicture(t *testing.T) {
	var c Counters
	o := newOutbox(&c)
	began(t, o)
	first, second := image.NewGray(image.Rect(0, 0, 1, 1)), image.NewGray(image.Rect(0, 0, 2, 2))
	o.putRaw(first)
	o.putRaw(second)
	if img, err := o.take(); img != second || err != nil || c.Stats().Dropped != 1 {
		t.Errorf("took %v, %v", img, err)
	}
}

func TestOutboxFails(t *testing.T) {
	o := newOutbox(new(Counters))
	first := errors.New("first")
	o.fail(first)
	o.fail(io.EOF)
	for range 2 {
		if img, err := o.take(); img != nil || err != first {
			t.Errorf("took %v, %v", img, err)
		}
	}
}

func TestThinner(t *testing.T) {
	tests := []struct {
		name     string
		from, to int // frames a second
		want     int // of 10 s
	}{
		{"a half", 30, 15, 150}, {"a third", 30, 10, 100}, {"not a divisor", 25, 15, 150}, {"all", 15, 15, 150},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := thinner{gap: time.Second / time.Duration(tt.to)}
			kept := 0
			for i := range 10 * tt.from {
				if !th.skip(time.Hour + time.Duration(i)*time.Second/time.Duration(tt.from)) {
					kept++
				}
			}
			if kept < tt.want*9/10 || kept > tt.want*11/10 {
				t.Errorf("kept %d, want %d", kept, tt.want)
			}
		})
	}
	var none thinner
	if none.skip(0) || none.skip(1) {
		t.Error("the zero value leaves out pictures")
	}
	th := thinner{gap: time.Second, due: time.Hour}
	if th.skip(0) {
		t.Error("waits an hour after the clock jumped")
	}
}

func TestDemand(t *testing.T) {
	var d demand
	now := time.Unix(1000, 0)
	if d.wanted(now) {
		t.Error("wanted before anybody asked")
	}
	d.ask(now)
	if !d.wanted(now.Add(demandFor-1)) || d.wanted(now.Add(demandFor)) {
		t.Error("not wanted for just that long")
	}
}

func TestPool(t *testing.T) {
	var p pool
	size := image.Pt(4, 4)
	first := p.next(size)
	for range poolSize - 1 {
		if p.next(size) == first {
			t.Fatal("a picture came back too early")
		}
	}
	if p.next(size) != first {
		t.Error("pictures are not taken again")
	}
	if p.next(image.Pt(8, 8)).Rect.Dx() != 8 {
		t.Error("the size is kept")
	}
}

func TestTold(t *testing.T) {
	var told Told
	if !told.First("a") || told.First("a") || !told.First("b") {
		t.Error("not once each")
	}
	var none *Told
	for range 2 {
		if !none.First("a") {
			t.Error("nil remembers")
		}
	}
}
