package media

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestShutGate lets DTLS and STUN go on, so that the peer is told of the end,
// and counts nothing.
func TestShutGate(t *testing.T) {
	var refused atomic.Uint64
	peer := netip.MustParseAddrPort("192.0.2.1:5000")
	g := newGate(new(atomic.Bool), &refused, func() {})
	g.setPeer(peer)
	g.shut()
	for name, packet := range map[string][]byte{"RTP": {0x80, 111}, "RTCP": {0x81, 201}} {
		ok, _ := g.admit(peer, packet, time.Now())
		assert.False(t, ok, name)
	}
	for name, packet := range map[string][]byte{"DTLS": {21, 254, 253}, "STUN": {0, 1}} {
		ok, _ := g.admit(peer, packet, time.Now())
		assert.True(t, ok, name)
	}
	assert.Zero(t, refused.Load())
}
