package media

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/media/opus"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"
)

// remotePeer is the other end: a plain pion PeerConnection.
type remotePeer struct {
	t     *testing.T
	pc    *webrtc.PeerConnection
	voice *webrtc.TrackLocalStaticSample
	wg    sync.WaitGroup
	stop  chan struct{}

	videoCodec  atomic.Value // string: MIME type of what arrives
	videoSSRC   atomic.Uint32
	firstPacket atomic.Pointer[rtp.Packet] // of video
	frames      atomic.Int64               // of video, by marker
	keyFrames   atomic.Int64
	audio       atomic.Int64 // packets
	loud        atomic.Int64 // packets that hold sound
}

// newRemote makes a peer that speaks the codecs given and opus.
func (r *rig) newRemote(video ...codecName) *remotePeer {
	r.t.Helper()
	m := &webrtc.MediaEngine{}
	for _, name := range append(video, codecOpus) {
		require.NoError(r.t, m.RegisterCodec(name.parameters(), webrtc.NewRTPCodecType(string(name.kind()))))
	}
	s := webrtc.SettingEngine{}
	r.place(&s)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	require.NoError(r.t, err)
	p := &remotePeer{t: r.t, pc: pc, stop: make(chan struct{})}
	p.videoCodec.Store("")
	p.voice, err = webrtc.NewTrackLocalStaticSample(codecOpus.capability(), "voice", "remote")
	require.NoError(r.t, err)
	_, err = pc.AddTrack(p.voice)
	require.NoError(r.t, err)
	if len(video) > 0 {
		_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		require.NoError(r.t, err)
	}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.read(track) })
	return p
}

func (p *remotePeer) read(track *webrtc.TrackRemote) {
	isVideo := track.Kind() == webrtc.RTPCodecTypeVideo
	if isVideo {
		p.videoSSRC.Store(uint32(track.SSRC()))
		p.videoCodec.Store(track.Codec().MimeType)
	}
	dec, err := opus.NewDecoder()
	if err != nil {
		return
	}
	defer dec.Close()
	pcm := make([]int16, opus.MaxSamples)
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if isVideo {
			p.noteVideo(packet, track.Codec().MimeType)
			continue
		}
		p.audio.Add(1)
		if n, err := dec.Decode(packet.Payload, pcm); err == nil && loudness(pcm[:n]) > 1000 {
			p.loud.Add(1)
		}
	}
}

func (p *remotePeer) noteVideo(packet *rtp.Packet, mime string) {
	p.firstPacket.CompareAndSwap(nil, packet)
	if startsKeyFrame(packet, mime) {
		p.keyFrames.Add(1)
	}
	if packet.Marker {
		p.frames.Add(1)
	}
}

// startsKeyFrame looks for the parameter sets that precede an IDR picture in a
// STAP-A (RFC 6184 5.7.1), or for the first partition of a VP8 key frame.
func startsKeyFrame(packet *rtp.Packet, mime string) bool {
	b := packet.Payload
	if mime == webrtc.MimeTypeH264 {
		return len(b) > 0 && b[0]&0x1f == 24
	}
	const start, extended, pictureID = 0x10, 0x80, 0x80
	if len(b) < 4 || b[0]&start == 0 {
		return false
	}
	header := 1
	if b[0]&extended != 0 {
		header = 2
		if b[1]&pictureID != 0 {
			header += 1 + int(b[2]>>7)
		}
	}
	return len(b) > header && b[header]&1 == 0
}

func loudness(pcm []int16) (mean float64) {
	for _, s := range pcm {
		mean += max(float64(s), -float64(s)) / float64(len(pcm))
	}
	return mean
}

// answer answers an offer with all candidates inside.
func (p *remotePeer) answer(offer string) string {
	p.t.Helper()
	require.NoError(p.t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}))
	answer, err := p.pc.CreateAnswer(nil)
	require.NoError(p.t, err)
	return p.describe(answer)
}

// offer makes an offer with all candidates inside.
func (p *remotePeer) offer() string {
	p.t.Helper()
	offer, err := p.pc.CreateOffer(nil)
	require.NoError(p.t, err)
	return p.describe(offer)
}

func (p *remotePeer) describe(desc webrtc.SessionDescription) string {
	gathered := webrtc.GatheringCompletePromise(p.pc)
	require.NoError(p.t, p.pc.SetLocalDescription(desc))
	<-gathered
	return p.pc.LocalDescription().SDP
}

// speak sends a tone until close.
func (p *remotePeer) speak() {
	enc, err := opus.NewEncoder()
	require.NoError(p.t, err)
	p.wg.Go(func() {
		defer enc.Close()
		ticker := time.NewTicker(frameDuration)
		defer ticker.Stop()
		mic := &fakeMicrophone{}
		_ = mic.Open()
		defer mic.Close()
		reader, _ := mic.AudioRecord(propNone)
		source := &audioEncoder{reader: reader, enc: enc, clock: &soundClock{epoch: time.Now()}}
		for {
			select {
			case <-p.stop:
				return
			default:
			}
			packet, _, err := source.Read()
			if err != nil {
				return
			}
			_ = p.voice.WriteSample(media.Sample{Data: packet, Duration: frameDuration})
		}
	})
}

func (p *remotePeer) pli() {
	_ = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: p.videoSSRC.Load()}})
}

func (p *remotePeer) close() {
	close(p.stop)
	p.wg.Wait()
	require.NoError(p.t, p.pc.GracefulClose())
}

func openVideo(user int, s call.LocalStream) call.OpenPeer {
	return call.OpenPeer{Peer: key(user), CallType: call.Video, Stream: s}
}
