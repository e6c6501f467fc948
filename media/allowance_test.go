package media

import (
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/rtcp"
	"github.com/stretchr/testify/assert"
)

func TestAllowance(t *testing.T) {
	const enough = 1500000
	type word struct {
		remb float64 // 0 is none
		lost float64 // below 0 is none
	}
	for name, tc := range map[string]struct {
		sending float64
		words   []word // one a second
		least   float64
		most    float64 // of the limit; 0 is none
	}{
		"much loss before all":             {0, []word{{0, 0.5}}, 0, 0},
		"nothing is said":                  {1500000, nil, 0, 0},
		"a path that is wide enough":       {1400000, []word{{2100000, 0}, {2100000, 0}}, 0, 0},
		"an estimate above a quiet scene":  {200000, []word{{310000, 0}, {310000, 0}}, 0, 0},
		"a narrower path":                  {1500000, []word{{1200000, -1}}, 1150000, 1150000},
		"a much narrower path":             {1500000, []word{{800000, -1}}, 900000, 900000},
		"the least":                        {110000, []word{{30000, -1}}, leastVideo, leastVideo},
		"some loss":                        {1500000, []word{{0, 0.05}, {0, 0.1}, {0, 0.14}, {0, 0.12}}, 0, 0},
		"much loss":                        {1500000, []word{{0, 0.5}}, 1125000, 1125000},
		"much loss for long":               {1500000, []word{{0, 0.6}, {0, 0.6}, {0, 0.6}, {0, 0.6}, {0, 0.6}, {0, 0.6}, {0, 0.6}, {0, 0.6}, {0, 0.6}}, leastVideo, leastVideo},
		"all is well again":                {700000, []word{{300000, -1}, {1000000, 0}}, 950000, 950000},
		"well again by the reports alone":  {700000, []word{{0, 0.5}, {0, 0}, {0, 0}, {0, 0}}, 600000, 700000},
		"wide again after a narrow moment": {1500000, []word{{800000, -1}, {2000000, 0}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var a allowance
			now := time.Unix(1000, 0)
			a.sent(now, 0)
			now = now.Add(2 * time.Second)
			a.sent(now, uint64(tc.sending/4))
			for _, w := range tc.words {
				now = now.Add(time.Second)
				if w.remb > 0 {
					a.estimate(now, w.remb)
				}
				if w.lost >= 0 {
					a.report(now, w.lost)
				}
				a.news(enough)
			}
			assert.GreaterOrEqual(t, a.limit, tc.least)
			assert.LessOrEqual(t, a.limit, tc.most)
		})
	}
}

func TestAllowanceRecovers(t *testing.T) {
	var a allowance
	now := time.Unix(1000, 0)
	a.sending, a.limit, a.changed, a.estimated = 100000, 100000, now, now
	began := now
	for a.news(1500000); a.limit > 0; a.news(1500000) {
		now = now.Add(time.Second)
		a.sending = a.limit
		a.estimate(now, 1.3*a.limit+soundShare)
		assert.Less(t, now.Sub(began), time.Minute)
	}
	assert.Less(t, now.Sub(began), 15*time.Second)
}

// TestPictureFollowsTheNarrowestPath has two viewers, one of whom reports a
// narrow path for a while.
func TestPictureFollowsTheNarrowestPath(t *testing.T) {
	inBubble(t, nil, func(r *rig) {
		r.camera.next = noise
		wide, narrow := r.newRemote(codecH264), r.newRemote(codecH264)
		r.callOut(openVideo(1, r.stream("s")), wide)
		r.callOut(openVideo(2, r.stream("s")), narrow)
		source := r.camera0()
		bitrate := func() int {
			source.control.mu.Lock()
			defer source.control.mu.Unlock()
			return source.control.set
		}
		remb := func(bps float32) {
			_ = narrow.pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverEstimatedMaximumBitrate{
				Bitrate: bps, SSRCs: []uint32{narrow.videoSSRC.Load()},
			}})
		}
		time.Sleep(3 * time.Second)
		r.eventually(10*time.Second, "the encoder has the least", func() bool {
			remb(1)
			return bitrate() == leastVideo
		})
		frames := wide.frames.Load()
		time.Sleep(2 * time.Second)
		assert.Greater(t, wide.frames.Load(), frames, "pictures go on")
		for range 40 {
			remb(400000)
			time.Sleep(time.Second)
		}
		assert.Equal(t, 300000, bitrate(), "the path is wide again")
		remb(1)
		time.Sleep(time.Second)
		r.engine.Do(call.ClosePeer{Peer: key(2)})
		r.eventually(time.Second, "the limit goes with the peer", func() bool { return bitrate() == 300000 })
		wide.close()
		narrow.close()
	})
}

// noise is a picture that needs all the bits there are.
func noise(n int) image.Image {
	img := image.NewYCbCr(image.Rect(0, 0, testWidth, testHeight), image.YCbCrSubsampleRatio420)
	random := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range img.Y {
		img.Y[i] = byte(random.Uint32())
	}
	return img
}

// camera0 is the running H.264 encoder.
func (r *rig) camera0() *source {
	for _, p := range r.engine.peers {
		for _, o := range p.outlets {
			if o.kind == call.KindVideo {
				return o.stream.source(codecH264)
			}
		}
	}
	r.t.Fatal("nobody gets a picture")
	return nil
}
