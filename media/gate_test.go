package media

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var (
	peerAddr     = netip.MustParseAddrPort("10.0.0.2:5000")
	serverAddr   = netip.MustParseAddrPort("10.0.0.3:3478")
	strangerAddr = netip.MustParseAddrPort("10.0.0.4:6000")

	check = []byte{0x00, 0x01, 0x00, 0x08} // the first bytes of one of ICE's
)

// packet makes the first bytes of what a peer sends.
func packetOf(second byte, size int) []byte {
	b := make([]byte, size)
	b[0], b[1] = 0x80, second
	return b
}

func TestGateBoundsWhatComesIn(t *testing.T) {
	rtp, rtcp, large := packetOf(96, 100), packetOf(206, 100), packetOf(96, 1400)
	for name, tc := range map[string]struct {
		from    netip.AddrPort
		packet  []byte
		rate    int // packets a second, for 10 s
		least   int // that get in
		most    int
		andRest bool
	}{
		"a call":               {peerAddr, large, 350, 3500, 3500, false},
		"a call by a relay":    {serverAddr, large, 350, 3500, 3500, false},
		"its reports":          {peerAddr, rtcp, 100, 1000, 1000, false},
		"peer, small packets":  {peerAddr, rtp, 100000, 20000, 23100, true},
		"peer, large packets":  {peerAddr, large, 4500, 11000, 12800, true},
		"peer, reports":        {peerAddr, rtcp, 10000, 2000, 2500, true},
		"strangers":            {strangerAddr, rtp, 100000, 4000, 4500, true},
		"strangers with RTCP":  {strangerAddr, rtcp, 10000, 4000, 4500, true},
		"ICE from many places": {strangerAddr, rtp, 300, 3000, 3000, false},
	} {
		t.Run(name, func(t *testing.T) {
			var refused atomic.Uint64
			g := newGate(new(atomic.Bool), &refused, func() {})
			g.setPeer(peerAddr)
			g.addServer(serverAddr)
			now, in, rests := time.Unix(1000, 0), 0, false
			for range 10 * tc.rate {
				now = now.Add(time.Second / time.Duration(tc.rate))
				ok, rest := g.admit(tc.from, tc.packet, now)
				if ok {
					in++
				}
				rests = rests || rest > 0
			}
			assert.GreaterOrEqual(t, in, tc.least)
			assert.LessOrEqual(t, in, tc.most)
			assert.EqualValues(t, 10*tc.rate-in, refused.Load())
			assert.Equal(t, tc.andRest, rests)
		})
	}
}

func TestGateKeepsTheCallWhileStrangersFlood(t *testing.T) {
	var refused atomic.Uint64
	g := newGate(new(atomic.Bool), &refused, func() {})
	g.setPeer(netip.MustParseAddrPort("[::ffff:10.0.0.2]:5000"))
	now := time.Unix(1000, 0)
	lost := 0
	for i := range 100000 {
		now = now.Add(10 * time.Microsecond)
		g.admit(strangerAddr, packetOf(96, 100), now)
		if i%300 == 0 {
			if ok, _ := g.admit(peerAddr, packetOf(96, 1200), now); !ok {
				lost++
			}
		}
	}
	assert.Zero(t, lost)
}

func TestGateBoundsChecksToAddressesNobodyAnsweredFrom(t *testing.T) {
	g := newGate(new(atomic.Bool), new(atomic.Uint64), func() {})
	g.setPeer(peerAddr)
	g.addServer(serverAddr)
	now, sent := time.Unix(1000, 0), 0
	clock := func() time.Time { return now }
	for range 100000 {
		now = now.Add(100 * time.Microsecond) // for 10 s
		if g.mayContact(strangerAddr, check, clock) {
			sent++
		}
		assert.True(t, g.mayContact(peerAddr, check, clock))
		assert.True(t, g.mayContact(serverAddr, check, clock))
	}
	assert.InDelta(t, checksBurst+10*checks, sent, 2)
}

// TestGateKnowsThePeerByWhatIsSent: what a picture needs gets in from the address
// that DTLS and SRTP go to, and from no other.
func TestGateKnowsThePeerByWhatIsSent(t *testing.T) {
	for name, tc := range map[string]struct {
		packet []byte
		isPeer bool
	}{
		"DTLS":           {[]byte{22, 0xfe, 0xfd, 0}, true},
		"DTLS, last":     {[]byte{63}, true},
		"SRTP":           {packetOf(96, 100), true},
		"SRTCP":          {packetOf(206, 100), true},
		"a check":        {check, false},
		"ZRTP":           {[]byte{19}, false},
		"a TURN channel": {[]byte{0x40, 0x01, 0, 4, 22, 0xfe, 0xfd, 0}, false},
		"above SRTP":     {[]byte{192}, false},
		"nothing":        {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(new(atomic.Bool), new(atomic.Uint64), func() {})
			mapped := netip.MustParseAddrPort("[::ffff:10.0.0.2]:5000")
			assert.True(t, g.mayContact(mapped, tc.packet, time.Now))
			assert.Equal(t, tc.isPeer, g.isPeer(peerAddr))
			assert.True(t, g.mayContact(strangerAddr, check, time.Now))
			assert.Equal(t, tc.isPeer, g.isPeer(peerAddr), "checks elsewhere change nothing")
			if tc.isPeer {
				assert.True(t, g.mayContact(strangerAddr, tc.packet, time.Now))
				assert.True(t, g.isPeer(strangerAddr), "ICE has found another way")
				assert.False(t, g.isPeer(peerAddr))
			}
		})
	}
}

func TestLull(t *testing.T) {
	for name, tc := range map[string]struct {
		every time.Duration // packets come, for 3 s
		gap   time.Duration // then nothing
		over  bool          // is the next one told
	}{
		"media go on":                {20 * time.Millisecond, 20 * time.Millisecond, false},
		"media pause a little":       {20 * time.Millisecond, 299 * time.Millisecond, false},
		"media come back":            {20 * time.Millisecond, 300 * time.Millisecond, true},
		"after minutes":              {20 * time.Millisecond, 3 * time.Minute, true},
		"only checks":                {iceKeepalive, iceKeepalive, false},
		"only checks, three lost":    {iceKeepalive, 900 * time.Millisecond, false},
		"checks come back":           {iceKeepalive, time.Second, true},
		"sparse sound in speech gap": {400 * time.Millisecond, 500 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			var l lull
			now := time.Unix(1000, 0)
			for end := now.Add(3 * time.Second); now.Before(end); now = now.Add(tc.every) {
				assert.False(t, l.heard(now))
			}
			assert.Equal(t, tc.over, l.heard(now.Add(tc.gap-tc.every)))
			assert.False(t, l.heard(now.Add(tc.gap)), "it is told once")
		})
	}
}

func TestGateSendsNothingWithoutANetwork(t *testing.T) {
	var offline atomic.Bool
	g := newGate(&offline, new(atomic.Uint64), func() {})
	g.setPeer(peerAddr)
	g.addServer(serverAddr)
	for _, off := range []bool{false, true, false} {
		offline.Store(off)
		for _, addr := range []netip.AddrPort{peerAddr, serverAddr, strangerAddr} {
			assert.Equal(t, !off, g.mayContact(addr, check, time.Now), addr)
		}
		assert.True(t, g.mayContact(netip.MustParseAddrPort("[::ffff:127.0.0.1]:9"), check, time.Now))
	}
}

func TestGateCostsNoMemory(t *testing.T) {
	g := newGate(new(atomic.Bool), new(atomic.Uint64), func() {})
	g.setPeer(peerAddr)
	now, in := time.Unix(1000, 0), packetOf(96, 1200)
	assert.Zero(t, testing.AllocsPerRun(10000, func() {
		now = now.Add(time.Microsecond)
		g.admit(peerAddr, in, now)
		g.admit(strangerAddr, in, now)
		g.mayContact(peerAddr, in, time.Now)
		g.mayContact(strangerAddr, check, time.Now)
	}))
}

// BenchmarkGate measures what a packet costs that is refused.
func BenchmarkGate(b *testing.B) {
	g := newGate(new(atomic.Bool), new(atomic.Uint64), func() {})
	in := packetOf(96, 1200)
	for b.Loop() {
		g.admit(strangerAddr, in, time.Now())
	}
}
