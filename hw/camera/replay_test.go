package camera

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

func testClip(t *testing.T) *clip {
	t.Helper()
	c, err := parseAnnexB(recording(t, "baseline.h264"), gap)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReplayKeepsTimeAndLoops(t *testing.T) {
	c := testClip(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := started(t, c, make(chan struct{}))
		for n := range 3*len(c.pictures) + 1 {
			f := next(t, r)
			if took, want := time.Since(start), time.Duration(n)*gap; took != want {
				t.Fatalf("picture %d after %v, want %v", n, took, want)
			}
			if want := c.pictures[n%len(c.pictures)]; !bytes.Equal(f.Payload(), want.payload()) || f.KeyFrame() != want.key {
				t.Fatalf("picture %d is not picture %d of the file", n, n%len(c.pictures))
			}
		}
	})
}

// Nothing is left out for a late reader: a little late it catches up, very
// late it moves the clock.
func TestReplayForLateReader(t *testing.T) {
	c := testClip(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := started(t, c, make(chan struct{}))
		for n, step := range []struct{ work, at time.Duration }{
			{0, 0},
			{350 * time.Millisecond, 350 * time.Millisecond},
			{0, 350 * time.Millisecond},
			{0, 350 * time.Millisecond},
			{0, 400 * time.Millisecond},
			{time.Minute, 400*time.Millisecond + time.Minute},
			{0, 500*time.Millisecond + time.Minute},
		} {
			time.Sleep(step.work)
			f := next(t, r)
			if at := time.Since(start); at != step.at {
				t.Errorf("picture %d at %v, want %v", n, at, step.at)
			}
			if !bytes.Equal(f.Payload(), c.pictures[n].payload()) {
				t.Errorf("picture %d was left out", n)
			}
		}
	})
}

func TestReplayForceKeyFrame(t *testing.T) {
	c := testClip(t) // key frames are 0, 5 and 10
	tests := []struct {
		name string
		read int // pictures before the request
		want int // picture after it
	}{
		{"in the first group", 2, 5},
		{"before a key frame", 5, 5},
		{"after the last key frame", 11, 0},
		{"at the end", 12, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := started(t, c, make(chan struct{}))
				var f *EncodedFrame
				for range tt.read {
					f = next(t, r)
				}
				if err := f.ForceKeyFrame(); err != nil {
					t.Fatal(err)
				}
				before := time.Now()
				f = next(t, r)
				if !f.KeyFrame() || !bytes.Equal(f.Payload(), c.pictures[tt.want].payload()) {
					t.Errorf("next picture is not key frame %d", tt.want)
				}
				if took := time.Since(before); took != gap {
					t.Errorf("it came after %v, want %v", took, gap)
				}
				if f = next(t, r); f.KeyFrame() {
					t.Error("a key frame again")
				}
			})
		})
	}
}

func TestReplayEndsWhenClosed(t *testing.T) {
	c := testClip(t)
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		r := started(t, c, done)
		next(t, r)
		start := time.Now()
		time.AfterFunc(time.Millisecond, func() { close(done) })
		wantEOF(t, r)
		if took := time.Since(start); took != time.Millisecond {
			t.Errorf("ended after %v, want 1ms", took)
		}
	})
}

func TestEncodedFrameIsAnImage(t *testing.T) {
	r := started(t, testClip(t), make(chan struct{}))
	f := next(t, r)
	if f.Codec() != "H264" {
		t.Errorf("codec %q", f.Codec())
	}
	if b := f.Bounds(); b.Dx() != 98 || b.Dy() != 66 {
		t.Errorf("bounds %v", b)
	}
	red, green, blue, _ := f.ColorModel().Convert(f.At(3, 4)).RGBA()
	if red != green || green != blue {
		t.Errorf("pixel is not grey: %d %d %d", red, green, blue)
	}
}
