package abuse

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestReport(t *testing.T) {
	r := &Report{
		length: time.Second, ring: []time.Duration{9 * time.Millisecond, 10 * time.Millisecond, 90 * time.Millisecond},
		hangUp: []time.Duration{5 * time.Millisecond}, gap: 20 * time.Millisecond,
		results: []result{
			{attack: attack{name: "calls", rate: 100, when: idle}, sent: 200, took: 2 * time.Second, did: "nothing", cpu: 0.25,
				memory: 1 << 20, presses: []time.Duration{20 * time.Millisecond}, idle: time.Millisecond},
			{attack: attack{name: "packets", rate: 10, when: inCall}, sent: 10, took: time.Second, gap: 40 * time.Millisecond,
				presses: []time.Duration{10 * time.Millisecond}, problems: []string{"too long"}},
		},
	}
	text := r.String()
	assert.Contains(t, text, "from a press to the ring 10ms (median of 3), to the end of a call 5ms; at most 20ms without media in a call")
	assert.Contains(t, text, "| idle | calls | 100 of 100 | nothing | 25 % | +1.0 MB | 20ms | 2.0 | 0 | | | 1ms |")
	assert.Contains(t, text, "| in a call with Anna | packets | 10 of 10 |  | 0 % | +0.0 MB | 10ms | 2.0 | 0 | 40ms | 2.0 | 0s |")
	assert.Equal(t, []string{"packets: too long"}, r.Problems())
}

func TestOtherFingerprint(t *testing.T) {
	sdp := "v=0\r\na=fingerprint:sha-256 01:02\r\na=setup:active\r\n"
	changed := otherFingerprint(sdp)
	assert.NotContains(t, changed, "01:02")
	assert.Contains(t, changed, "a=fingerprint:sha-256 AB:AB:")
	assert.Contains(t, changed, ":AB\r\na=setup:active\r\n")
}

func TestHideManagement(t *testing.T) {
	features := "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>"
	assert.Equal(t, "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:no:3'/></stream:features>",
		string(hideManagement([]byte(features))))
}
