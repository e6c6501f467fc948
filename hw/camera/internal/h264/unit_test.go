package h264

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const code = "\x00\x00\x00\x01"

// NAL units of a made-up stream; \x80 begins a picture's first slice.
const (
	sps   = code + "\x67sps"
	pps   = code + "\x68pps"
	aud   = code + "\x09\xf0"
	idr   = code + "\x65\x88idr"
	more  = code + "\x65\x08second slice"
	plain = code + "\x41\x9aplain"
)

func TestRepeater(t *testing.T) {
	var r Repeater
	steps := []struct {
		in, out string
		key     bool
	}{
		{idr, idr, false}, // nothing to decode it with
		{plain, plain, false},
		{aud + sps + pps + idr + more, aud + sps + pps + idr + more, true},
		{plain, plain, false},
		{idr + more, sps + pps + idr + more, true},
		{sps + pps, sps + pps, false}, // alone
		{idr, sps + pps + idr, true},
		{"rubbish", "rubbish", false},
		{"", "", false},
	}
	for i, s := range steps {
		out, key := r.Add([]byte(s.in))
		if string(out) != s.out || key != s.key {
			t.Errorf("step %d: %q, %v, want %q, %v", i, out, key, s.out, s.key)
		}
	}
}

func TestSplitter(t *testing.T) {
	units := []string{aud + sps + pps + idr + more, aud + plain, plain, sps + pps + idr, plain}
	stream := []byte(strings.Join(units, ""))
	for _, step := range []int{1, 3, 7, 64, len(stream)} {
		var s Splitter
		var got []string
		for chunk := range slices.Chunk(stream, step) {
			for _, u := range s.Write(chunk) {
				got = append(got, string(u))
			}
		}
		if want := units[:len(units)-1]; !slices.Equal(got, want) { // the last has no end yet
			t.Errorf("in steps of %d: %q, want %q", step, got, want)
		}
	}
}

func TestSplitterDropsWhatNeverEnds(t *testing.T) {
	var s Splitter
	for range 100 {
		s.Write(bytes.Repeat([]byte{0xff}, 64<<10))
		if len(s.buf) > maxUnit {
			t.Fatalf("keeps %d bytes", len(s.buf))
		}
	}
	s = Splitter{}
	if got := s.Write([]byte(plain + plain)); len(got) != 1 {
		t.Errorf("%q after that", got)
	}
}

// TestSplitterOfRecording: the units of a real stream, joined, are the stream.
func TestSplitterOfRecording(t *testing.T) {
	data := recording(t)
	var s Splitter
	units := s.Write(data)
	if len(units) != 11 { // of 12
		t.Errorf("%d access units", len(units))
	}
	if !bytes.HasPrefix(data, slices.Concat(units...)) {
		t.Error("units are not the stream")
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte(sps+pps+idr+plain+plain), 5)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		if step < 1 {
			return
		}
		var whole, parts Splitter
		want := whole.Write(data)
		var got [][]byte
		for chunk := range slices.Chunk(data, step) {
			got = append(got, parts.Write(chunk)...)
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%q in steps of %d, %q at once", got, step, want)
		}
		var r Repeater
		for _, u := range want {
			r.Add(u)
		}
	})
}
