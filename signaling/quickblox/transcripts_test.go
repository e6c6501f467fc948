package quickblox

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

const (
	testDomain = "chat.qb.test"
	testApp    = 7
)

// frame is a message recorded on one client's WebSocket.
type frame struct {
	time      string
	client    string // "102", "raw104": a peer made by hand
	direction string // C2S, S2C
	stanza    string
}

var (
	frameExp   = regexp.MustCompile(`(?s)<frame t="([^"]*)" client="([^"]*)" dir="([^"]*)">(<message.*?)</frame>`)
	userExp    = regexp.MustCompile(`[0-9]+`)
	commentExp = regexp.MustCompile(`(?s)<!--.*?-->`)
)

// readFrames returns the messages of one transcript. As a server does, it
// gives sent messages the sender's address.
func readFrames(t testing.TB, file string) []frame {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var frames []frame
	for _, m := range frameExp.FindAllStringSubmatch(commentExp.ReplaceAllString(string(data), ""), -1) {
		f := frame{time: m[1], client: m[2], direction: m[3], stanza: m[4]}
		if f.direction == "C2S" {
			user := userExp.FindString(f.client) // 102b is the second device of 102
			f.stanza = strings.Replace(f.stanza, "<message ", fmt.Sprintf(`<message from="%s-%d@%s/own" `, user, testApp, testDomain), 1)
		}
		frames = append(frames, f)
	}
	return frames
}

func newTestCodec(t testing.TB) *Codec {
	t.Helper()
	c, err := NewCodec(testApp, testDomain, func() string { return "6b02b71018542e61aa000000" })
	require.NoError(t, err)
	return c
}

// messagesIn is how many messages each recording holds.
var messagesIn = map[string]int{
	"basic": 14, "busy": 12, "cancel": 6, "devreconA": 12, "devreconB": 12, "devreconC": 14, "drop12": 20,
	"group": 36, "multidev": 12, "noanswer": 6, "rawquirks": 62, "reject": 4, "safariua": 10,
}

// notSignals is how many of them are no signals; only rawquirks probes with
// such, see TestRawQuirks.
var notSignals = map[string]int{"rawquirks": 16}

func TestTranscripts(t *testing.T) {
	codec := newTestCodec(t)
	for name, count := range messagesIn {
		t.Run(name, func(t *testing.T) {
			frames := readFrames(t, filepath.Join("testdata", "transcripts", name+".xml"))
			require.Len(t, frames, count)
			var got strings.Builder
			signals := 0
			for _, f := range frames {
				s, err := codec.Decode([]byte(f.stanza))
				fmt.Fprintf(&got, "%s %s %s %s\n", f.time, f.client, f.direction, summary(s, err))
				if err == nil {
					signals++
					checkEncode(t, codec, f, s)
				}
			}
			assert.Equal(t, count-notSignals[name], signals)
			compareGolden(t, filepath.Join("testdata", "golden", name+".txt"), got.String())
		})
	}
}

// TestTranscriptsComplete keeps a recording from being left out.
func TestTranscriptsComplete(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.xml")
	require.NoError(t, err)
	require.Len(t, files, len(messagesIn))
	for _, file := range files {
		assert.Contains(t, messagesIn, strings.TrimSuffix(filepath.Base(file), ".xml"))
	}
}

// summary is one line for one decoded signal; a description is named by the
// beginning of its hash.
func summary(s call.Signal, err error) string {
	var field *FieldError
	switch {
	case errors.As(err, &field):
		return "malformed " + field.Error()
	case err != nil:
		return err.Error()
	}
	s.SDP = digest(s.SDP)
	if s.Reconnect != nil {
		r := *s.Reconnect
		r.SDP = digest(r.SDP)
		s.Reconnect = &r
	}
	line, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(line)
}

func digest(sdp string) string {
	if sdp == "" {
		return ""
	}
	lf := unixLines(sdp)
	return fmt.Sprintf("%d lines, sha256 %.8x", strings.Count(lf, "\n"), sha256.Sum256([]byte(lf)))
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// checkEncode encodes what was decoded and compares the elements with the
// recorded ones.
func checkEncode(t *testing.T, codec *Codec, f frame, s call.Signal) {
	t.Helper()
	encoded, err := codec.Encode(s)
	require.NoError(t, err, "at %s", f.time)
	assert.NotRegexp(t, `>\s+<`, string(encoded))

	again, err := codec.Decode([]byte(strings.Replace(string(encoded), "<message ", `<message from="`+codec.JID(s.Peer.User)+`/x" `, 1)))
	require.NoError(t, err)
	again.Peer = s.Peer
	assert.Equal(t, s, again, "at %s", f.time)

	if s.Platform == "web" { // the SDK's own; calls of hand-made peers lack the bandwidth
		assert.Equal(t, canonical(t, f.stanza), canonical(t, string(encoded)), "at %s", f.time)
	}
}

// canonical renders the fields of a stanza independent of their order. The
// recordings hold one field of the app's own outside userInfo, <custom>, which
// the SDK gives to nobody.
func canonical(t *testing.T, stanza string) string {
	t.Helper()
	params, _, err := parseMessage([]byte(stanza))
	require.NoError(t, err)
	params.children = slices.DeleteFunc(params.children, func(e *element) bool { return e.name == "custom" })
	return render(params)
}

func render(e *element) string {
	if len(e.children) == 0 {
		return e.name + "=" + unixLines(e.text)
	}
	var parts []string
	for _, c := range e.children {
		parts = append(parts, render(c))
	}
	if e.name != "opponentsIDs" && e.name != "iceCandidates" {
		slices.Sort(parts)
	}
	return e.name + "{" + strings.Join(parts, "\n") + "}"
}
