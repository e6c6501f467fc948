package sending

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
)

// bareSender sends a file with what pion/webrtc offers out of the box: its
// usual interceptors and a TrackLocalStaticSample.
type bareSender struct {
	units [][]byte // access units of the file
	pc    *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticSample
	up    chan struct{} // closed when the connection is up
	done  chan struct{}
	once  sync.Once
	wg    sync.WaitGroup
}

func newBareSender(path string) (*bareSender, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read clip: %w", err)
	}
	units, err := accessUnits(file)
	if err != nil {
		return nil, fmt.Errorf("read clip %s: %w", path, err)
	}
	s := &bareSender{units: units, up: make(chan struct{}), done: make(chan struct{})}
	if s.pc, err = newPeerConnection(); err != nil {
		return nil, err
	}
	if s.track, err = webrtc.NewTrackLocalStaticSample(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}, "video", "bare"); err != nil {
		return nil, errors.Join(fmt.Errorf("make track: %w", err), s.pc.Close())
	}
	return s, nil
}

// accessUnits joins the parts of an Annex-B file up to each picture of one
// slice.
func accessUnits(file []byte) (units [][]byte, err error) {
	r, err := h264reader.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	var unit []byte
	for {
		nal, err := r.NextNAL()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		unit = append(append(unit, 0, 0, 0, 1), nal.Data...)
		if nal.UnitType == h264reader.NalUnitTypeCodedSliceIdr || nal.UnitType == h264reader.NalUnitTypeCodedSliceNonIdr {
			units = append(units, unit)
			unit = nil
		}
	}
	if len(units) == 0 {
		return nil, errors.New("no pictures")
	}
	return units, nil
}

func (s *bareSender) offer(context.Context) (string, error) {
	sender, err := s.pc.AddTrack(s.track)
	if err != nil {
		return "", fmt.Errorf("add track: %w", err)
	}
	s.wg.Go(func() { drain(sender) })
	s.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			s.once.Do(func() { close(s.up) })
		}
	})
	s.wg.Go(s.send)
	offer, err := s.pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("create offer: %w", err)
	}
	return describe(s.pc, offer)
}

// drain reads the RTCP of a sender, which interceptors need.
func drain(sender *webrtc.RTPSender) {
	buf := make([]byte, 1500)
	for {
		if _, _, err := sender.Read(buf); err != nil {
			return
		}
	}
}

// describe makes desc the local description and waits for all candidates.
func describe(pc *webrtc.PeerConnection, desc webrtc.SessionDescription) (string, error) {
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(desc); err != nil {
		return "", fmt.Errorf("set local description: %w", err)
	}
	<-gathered
	return pc.LocalDescription().SDP, nil
}

// send writes the pictures in their time, again and again.
func (s *bareSender) send() {
	select {
	case <-s.up:
	case <-s.done:
		return
	}
	const frame = time.Second / clipFPS
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-ticker.C:
		case <-s.done:
			return
		}
		if err := s.track.WriteSample(media.Sample{Data: s.units[i%len(s.units)], Duration: frame}); err != nil {
			return
		}
	}
}

func (s *bareSender) accept(answer string) error {
	err := s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
	if err != nil {
		return fmt.Errorf("set remote description: %w", err)
	}
	return nil
}

func (s *bareSender) latencies() []time.Duration { return nil }

func (s *bareSender) close() error {
	close(s.done)
	err := s.pc.GracefulClose()
	s.wg.Wait()
	return err
}
