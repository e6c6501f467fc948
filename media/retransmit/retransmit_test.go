package retransmit

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func header(seq uint16) *rtp.Header {
	return &rtp.Header{Version: 2, SSRC: 7, SequenceNumber: seq, Timestamp: uint32(seq) * 3000}
}

func TestHistory(t *testing.T) {
	start := time.Unix(1000, 0)
	for name, tc := range map[string]struct {
		seq   uint16
		after time.Duration
		want  bool
	}{
		"just sent":              {10, 50 * time.Millisecond, true},
		"at the age limit":       {10, maxAge, true},
		"too old":                {10, maxAge + 1, false},
		"never sent":             {11, 0, false},
		"other number, its slot": {10 + slots, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory()
			h.add(header(10), []byte("payload"), start)
			got, payload, ok := h.take(tc.seq, start.Add(tc.after))
			assert.Equal(t, tc.want, ok)
			if ok {
				assert.Equal(t, *header(10), got)
				assert.Equal(t, "payload", string(payload))
			}
		})
	}
}

func TestHistoryDoesNotRepeatAtOnce(t *testing.T) {
	h, now := newHistory(), time.Unix(1000, 0)
	h.add(header(1), []byte("x"), now)
	_, _, ok := h.take(1, now)
	assert.True(t, ok)
	_, _, ok = h.take(1, now.Add(minRepeat-1))
	assert.False(t, ok)
	_, _, ok = h.take(1, now.Add(minRepeat))
	assert.True(t, ok)
}

func TestHistoryKeepsTheBudget(t *testing.T) {
	h, now := newHistory(), time.Unix(1000, 0)
	payload := make([]byte, 1000)
	sent, repeated := 0, 0
	for seq := range uint16(2000) {
		now = now.Add(5 * time.Millisecond)
		h.add(header(seq), payload, now)
		sent += len(payload)
		for back := range uint16(8) { // a peer that asks for everything, always
			if _, p, ok := h.take(seq-back, now); ok {
				repeated += len(p)
			}
		}
	}
	assert.LessOrEqual(t, repeated, sent/share+allowance)
	assert.Greater(t, repeated, sent/share/2, "the budget is there to be used")
}

func TestHistoryLooksAtFewRequests(t *testing.T) {
	h, now := newHistory(), time.Unix(1000, 0)
	looked := 0
	for seq := range uint16(1000) {
		h.add(header(seq), []byte("x"), now)
		for range 100 { // a peer that asks for everything, always
			if h.asked() {
				looked++
			}
		}
	}
	assert.Equal(t, askBurst+999*askShare, looked)
}

// bound makes an interceptor with one stream, and the way to give it RTCP.
func bound(t *testing.T, repeated *atomic.Uint64, info *interceptor.StreamInfo) (
	write interceptor.RTPWriter, give func(rtcp.Packet), out *[]rtp.Header, ic interceptor.Interceptor,
) {
	t.Helper()
	ic, err := (&Factory{Repeated: repeated}).NewInterceptor("")
	require.NoError(t, err)
	out = &[]rtp.Header{}
	write = ic.BindLocalStream(info, interceptor.RTPWriterFunc(
		func(h *rtp.Header, _ []byte, _ interceptor.Attributes) (int, error) {
			*out = append(*out, *h)
			return 0, nil
		}))
	give = func(p rtcp.Packet) {
		raw, err := p.Marshal()
		require.NoError(t, err)
		reader := ic.BindRTCPReader(interceptor.RTCPReaderFunc(
			func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
				return copy(b, raw), a, nil
			}))
		n, _, err := reader.Read(make([]byte, 1500), nil)
		require.NoError(t, err)
		require.Equal(t, len(raw), n)
	}
	return write, give, out, ic
}

func withNack() *interceptor.StreamInfo {
	return &interceptor.StreamInfo{SSRC: 7, RTCPFeedback: []interceptor.RTCPFeedback{{Type: "nack"}}}
}

func TestInterceptorRepeatsWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var repeated atomic.Uint64
		info := withNack()
		write, give, out, ic := bound(t, &repeated, info)
		for seq := range uint16(10) {
			_, err := write.Write(header(seq), []byte("payload"), nil)
			require.NoError(t, err)
		}
		nack := &rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 3, LostPackets: 0b10}}}
		*out = nil
		give(nack)
		require.Len(t, *out, 2)
		assert.Equal(t, uint16(3), (*out)[0].SequenceNumber)
		assert.Equal(t, uint16(5), (*out)[1].SequenceNumber)
		assert.EqualValues(t, 2, repeated.Load())

		*out = nil
		give(&rtcp.TransportLayerNack{MediaSSRC: 8, Nacks: []rtcp.NackPair{{PacketID: 3}}})
		assert.Empty(t, *out, "another stream")
		time.Sleep(maxAge + 1)
		give(nack)
		assert.Empty(t, *out, "too old")
		ic.UnbindLocalStream(info)
		give(nack)
		assert.Empty(t, *out, "the stream has ended")
		assert.NoError(t, ic.Close())
	})
}

func TestInterceptorLeavesOthersAlone(t *testing.T) {
	write, give, out, _ := bound(t, nil, &interceptor.StreamInfo{SSRC: 7})
	_, err := write.Write(header(1), []byte("x"), nil)
	require.NoError(t, err)
	*out = nil
	give(&rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 1}}})
	assert.Empty(t, *out, "nack was not negotiated")
	give(&rtcp.PictureLossIndication{MediaSSRC: 7})
	assert.Empty(t, *out)
}

func TestInterceptorPassesJunkOn(t *testing.T) {
	ic, err := (&Factory{}).NewInterceptor("")
	require.NoError(t, err)
	reader := ic.BindRTCPReader(interceptor.RTCPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, "this is not RTCP"), a, nil
		}))
	n, _, err := reader.Read(make([]byte, 100), nil)
	assert.NoError(t, err)
	assert.Equal(t, 16, n)
}
