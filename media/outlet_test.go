package media

import (
	"sync"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

// boundTrack is what pion gives to Bind.
type boundTrack struct{ webrtc.TrackLocalContext }

func (boundTrack) CodecParameters() []webrtc.RTPCodecParameters {
	return []webrtc.RTPCodecParameters{codecOpus.parameters()}
}
func (boundTrack) SSRC() webrtc.SSRC                    { return 1 }
func (boundTrack) WriteStream() webrtc.TrackLocalWriter { return nil }

// TestOutletStoppedWhileBound has a peer closed while pion binds its outlet,
// again and again. Whoever comes first, the source must not keep the outlet: it
// would encode for nobody.
func TestOutletStoppedWhileBound(t *testing.T) {
	c := &capture{kind: call.KindAudio, cfg: Config{Bitrate: defaultBitrate}, counters: newCounters(), log: testLog()}
	c.tasks.close() // no encoder runs
	src := newSource(codecOpus, c)
	c.sources = map[codecName]*source{codecOpus: src}
	for range 100000 {
		o := newOutlet(call.KindAudio, &localStream{mic: c}, 0)
		var halting sync.WaitGroup
		halting.Go(o.stop)
		_, err := o.Bind(boundTrack{})
		require.NoError(t, err)
		halting.Wait()
		require.NoError(t, o.Unbind(boundTrack{}))
		require.Empty(t, src.outlets)
	}
}
