package sending

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// onLoopback keeps traffic inside the machine.
func onLoopback(s *webrtc.SettingEngine) {
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
}

// newPeerConnection is what pion offers out of the box, on loopback.
func newPeerConnection() (*webrtc.PeerConnection, error) {
	m, registry := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := errors.Join(m.RegisterDefaultCodecs(), webrtc.RegisterDefaultInterceptors(m, registry)); err != nil {
		return nil, fmt.Errorf("make peer connection: %w", err)
	}
	var s webrtc.SettingEngine
	onLoopback(&s)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(s))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("make peer connection: %w", err)
	}
	return pc, nil
}

// receiver is the other end of a sender: it counts pictures.
type receiver struct {
	pc     *webrtc.PeerConnection
	frames atomic.Int64
	bytes  atomic.Int64
	once   sync.Once
	first  chan struct{} // closed with the first picture
	wg     sync.WaitGroup
}

func newReceiver() (*receiver, error) {
	pc, err := newPeerConnection()
	if err != nil {
		return nil, err
	}
	r := &receiver{pc: pc, first: make(chan struct{})}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { r.wg.Go(func() { r.read(t) }) })
	return r, nil
}

// read counts what arrives until the connection closes.
func (r *receiver) read(t *webrtc.TrackRemote) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		if t.Kind() != webrtc.RTPCodecTypeVideo {
			continue
		}
		r.bytes.Add(int64(len(p.Payload)))
		if p.Marker {
			r.frames.Add(1)
			r.once.Do(func() { close(r.first) })
		}
	}
}

func (r *receiver) answer(offer string) (string, error) {
	err := r.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer})
	if err != nil {
		return "", fmt.Errorf("set remote description: %w", err)
	}
	answer, err := r.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("create answer: %w", err)
	}
	return describe(r.pc, answer)
}

func (r *receiver) close() error {
	err := r.pc.GracefulClose()
	r.wg.Wait()
	return err
}
