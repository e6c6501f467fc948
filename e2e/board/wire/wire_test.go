package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestEncode(t *testing.T) {
	requests := []Request{
		{ID: 1, Op: Run, Command: "echo 'a\nb'"},
		{ID: 2, Op: Put, Path: "/tmp/x", Mode: 0o600, Data: []byte{0, '\n', 255}, Append: true},
		{ID: 3, Op: Drive, Line: 17, Steps: []Step{{0, 5 * time.Millisecond}, {1, 0}}},
		{ID: 4, Op: Net, Netem: Netem{Delay: time.Second, Loss: 0.1}},
	}
	var out bytes.Buffer
	for _, q := range requests {
		if err := Encode(&out, q); err != nil {
			t.Fatal(err)
		}
	}
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != len(requests) {
		t.Fatalf("%d lines for %d requests:\n%s", n, len(requests), &out)
	}
	lines := json.NewDecoder(&out)
	for _, want := range requests {
		var got Request
		if err := lines.Decode(&got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	}
}

// The longest line fits into what the readers take.
func TestMaxLine(t *testing.T) {
	var out bytes.Buffer
	if err := Encode(&out, Request{ID: 1 << 60, Op: Put, Path: "/a/long/path/to/some/file", Data: make([]byte, MaxData), Mode: 0o7777, Append: true}); err != nil {
		t.Fatal(err)
	}
	if out.Len() >= MaxLine {
		t.Errorf("a line of %d bytes, at most %d are read", out.Len(), MaxLine)
	}
}
