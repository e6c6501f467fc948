package sending

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test program be a sender, as Compare starts it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ChildArg {
		if err := Child(context.Background(), os.Args[2:], os.Stdin, os.Stdout); err != nil {
			os.Stderr.WriteString("sender: " + err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// clip writes a short clip.
func clip(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, encodeClip(&b, 15))
	path := filepath.Join(t.TempDir(), "clip.h264")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

func TestCompare(t *testing.T) {
	c, err := Compare(t.Context(), os.Args[0], clip(t), 2*time.Second)
	require.NoError(t, err)
	for name, r := range map[string]Result{"engine": c.Engine, "sound": c.Sound, "bare": c.Bare} {
		assert.InDelta(t, clipFPS, r.FPS, 5, name)
		assert.Greater(t, r.Bitrate, 200000.0, name)
		assert.Positive(t, r.CPU, name)
		assert.Less(t, r.CPU, 120.0, name)
	}
	assert.Empty(t, c.Bare.Latencies)
	for _, r := range []Result{c.Engine, c.Sound} {
		assert.InDelta(t, 2*clipFPS, len(r.Latencies), 15)
		assert.Positive(t, r.Quantile(0))
		assert.Less(t, r.Quantile(0.5), 30*time.Millisecond)
	}
}

func TestMeasureTellsWhatIsWrong(t *testing.T) {
	_, err := Measure(t.Context(), os.Args[0], "file:/nonexistent/x.h264", time.Second)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "engine sender of file:/nonexistent/x.h264 ended")
}

func TestChildRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown kind": {"-kind", "other"},
		"no file":      {"-kind", "bare", "-source", "/nonexistent/x.h264"},
		"bad flag":     {"-nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Error(t, Child(t.Context(), args, strings.NewReader(""), &bytes.Buffer{}))
		})
	}
}

// still is a sender that does nothing.
type still struct{ accepted string }

func (s *still) offer(context.Context) (string, error) { return "", nil }
func (s *still) accept(answer string) error            { s.accepted = answer; return nil }
func (s *still) latencies() []time.Duration            { return []time.Duration{3, 1} }
func (s *still) close() error                          { return nil }

func TestServe(t *testing.T) {
	var s still
	var out bytes.Buffer
	in := `{"sdp":"answer"}` + "\n" + `{"begin":true}` + "\n" + `{}` + "\n"
	require.NoError(t, serve(&s, strings.NewReader(in), json.NewEncoder(&out)))
	assert.Equal(t, "answer", s.accepted)
	var m message
	require.NoError(t, json.Unmarshal(out.Bytes(), &m))
	require.NotNil(t, m.Report)
	assert.Equal(t, []time.Duration{3, 1}, m.Report.Latencies)
	assert.Positive(t, m.Report.Elapsed)
	assert.ErrorContains(t, serve(&s, strings.NewReader("junk\n"), json.NewEncoder(&out)), "read request")
}

func TestJobSurvivesItsArguments(t *testing.T) {
	want := job{kind: kindBare, source: "file:a b", sound: true}
	got, err := parseJob(want.args()[1:])
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestAccessUnits(t *testing.T) {
	start := []byte{0, 0, 0, 1}
	sps, pps, idr, slice := []byte{0x67, 1}, []byte{0x68, 2}, []byte{0x65, 3}, []byte{0x41, 4}
	file := bytes.Join([][]byte{nil, sps, pps, idr, slice}, start)
	units, err := accessUnits(file)
	require.NoError(t, err)
	require.Len(t, units, 2)
	assert.Equal(t, bytes.Join([][]byte{nil, sps, pps, idr}, start), units[0])
	assert.Equal(t, bytes.Join([][]byte{nil, slice}, start), units[1])
	_, err = accessUnits(bytes.Join([][]byte{nil, sps}, start))
	assert.ErrorContains(t, err, "no pictures")
}

func TestStopwatchSeesTheMarkerOfVideoOnly(t *testing.T) {
	w := newStopwatch()
	tap := &udpTap{net: &netTap{watch: w, video: h264Type}}
	packet := func(first, second byte) []byte { return append([]byte{first, second}, make([]byte, 20)...) }
	w.handOut()
	tap.note(packet(0x80, h264Type))      // not the last of its frame
	tap.note(packet(0x80, 0x80|111))      // sound
	tap.note(packet(0x16, 0x80|h264Type)) // DTLS
	tap.note([]byte{0x80})
	assert.Empty(t, w.take())
	tap.note(packet(0x80, 0x80|h264Type))
	assert.Len(t, w.take(), 1)
	assert.Empty(t, w.take())
}
