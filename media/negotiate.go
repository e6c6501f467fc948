package media

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/webrtc/v4"
)

// createOffer makes an offer and tells of it.
func (p *peer) createOffer() error {
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("create offer: %w", err)
	}
	return p.describe(offer)
}

// createAnswer applies the remote offer, makes an answer and tells of it.
func (p *peer) createAnswer(offer string) error {
	desc, err := p.applyRemote(webrtc.SDPTypeOffer, offer)
	if err != nil {
		return err
	}
	if err = errors.Join(p.dropUnusable(desc.common), p.refuseExtraVideo()); err != nil {
		return fmt.Errorf("create answer: %w", err)
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return fmt.Errorf("create answer: %w", err)
	}
	return p.describe(answer)
}

// dropUnusable takes back what the peer has no codec for: pion answers nothing
// at all otherwise.
func (p *peer) dropUnusable(common []call.Kind) error {
	for _, t := range p.pc.GetTransceivers() {
		if t.Sender() == nil || slices.Contains(common, call.Kind(t.Kind().String())) {
			continue
		}
		p.log.Warn("peer gets no media of this kind: no common codec", "kind", t.Kind().String())
		if err := p.pc.RemoveTrack(t.Sender()); err != nil {
			return err
		}
	}
	return nil
}

// refuseExtraVideo declines the video section that a peer offers in an audio
// call.
func (p *peer) refuseExtraVideo() error {
	if p.params.CallType == call.Video {
		return nil
	}
	for _, t := range p.pc.GetTransceivers() {
		if t.Kind() != webrtc.RTPCodecTypeVideo {
			continue
		}
		if err := t.Stop(); err != nil {
			return err
		}
	}
	return nil
}

// applyAnswer applies the remote answer.
func (p *peer) applyAnswer(answer string) error {
	_, err := p.applyRemote(webrtc.SDPTypeAnswer, answer)
	return err
}

// describe makes desc our own description, gives candidates a short time to be
// found and tells of the result. Candidates found later are told singly.
func (p *peer) describe(desc webrtc.SessionDescription) error {
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(desc); err != nil {
		return fmt.Errorf("set local %s: %w", desc.Type, err)
	}
	timeout := time.NewTimer(p.engine.cfg.GatherTimeout)
	defer timeout.Stop()
	select {
	case <-gathered:
	case <-timeout.C:
		p.log.Debug("candidates still missing", "after", p.engine.cfg.GatherTimeout)
	case <-p.ctx.Done():
		return nil
	}
	text := p.localText()
	candidates := localCandidates(text)
	for _, c := range candidates {
		p.told[c.Candidate] = true
	}
	p.described = true
	kind := call.Offer
	if desc.Type == webrtc.SDPTypeAnswer {
		kind = call.Answer
	}
	p.tell(call.LocalDescription{Peer: p.key, Type: kind, SDP: text, Candidates: candidates})
	return nil
}

// localText is our description with the candidates found so far.
func (p *peer) localText() string {
	desc := p.pc.LocalDescription()
	if desc == nil {
		return ""
	}
	return limitBandwidth(desc.SDP, p.params.Bandwidth)
}

// tellCandidate tells of a candidate that came too late for the description.
func (p *peer) tellCandidate(c webrtc.ICECandidateInit) {
	if !p.described || p.told[c.Candidate] {
		return
	}
	p.told[c.Candidate] = true
	text := p.localText()
	out := call.Candidate{Candidate: c.Candidate}
	if mids := sectionMids(text); len(mids) > 0 {
		out.SDPMid = mids[0]
	}
	p.tell(call.LocalCandidates{Peer: p.key, Candidates: []call.Candidate{out}, SDP: text})
}

// applyRemote checks a description from outside and gives it to pion.
func (p *peer) applyRemote(kind webrtc.SDPType, text string) (remoteDescription, error) {
	desc, err := parseRemote(text, &p.filter)
	if err != nil {
		return desc, fmt.Errorf("apply remote %s: %w", kind, err)
	}
	err = guard(func() error {
		return p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: desc.text})
	})
	if err != nil {
		return desc, fmt.Errorf("apply remote %s: %w", kind, err)
	}
	p.applied = true
	p.remote.setKinds(p.receivable(desc.sends))
	p.warnOfMissingCodecs()
	early := p.early
	p.early = nil
	p.addCandidates(early)
	p.announce()
	return desc, nil
}

// receivable keeps the kinds that belong to the call.
func (p *peer) receivable(sends []call.Kind) []call.Kind {
	var out []call.Kind
	for _, kind := range sends {
		if kind == call.KindAudio || p.params.CallType == call.Video {
			out = append(out, kind)
		}
	}
	return out
}

// warnOfMissingCodecs logs what the peer will not see or hear. An answerer
// binds its outlets later, so this speaks of offers we made.
func (p *peer) warnOfMissingCodecs() {
	if p.pc.SignalingState() != webrtc.SignalingStateStable {
		return
	}
	for _, o := range p.outlets {
		if o.codec() == "" {
			p.log.Warn("peer gets no media of this kind: no common codec", "kind", string(o.kind))
		}
	}
}

// guard turns a panic inside pion's handling of outside input into an error.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("invalid description: %v", r)
		}
	}()
	return f()
}

// addCandidates adds remote candidates, or keeps them until the remote
// description is there. Those beyond the bound and those that do not parse are
// dropped: a bad candidate must not end a call.
func (p *peer) addCandidates(candidates []call.Candidate) {
	if !p.applied {
		room := max(maxCandidates-len(p.early), 0)
		p.early = append(p.early, candidates[:min(room, len(candidates))]...)
		return
	}
	for _, c := range candidates {
		if err := p.addCandidate(c); err != nil {
			p.log.Debug("remote candidate dropped", "error", err)
		}
	}
}

func (p *peer) addCandidate(c call.Candidate) error {
	if err := p.filter.take(c.Candidate); err != nil {
		return err
	}
	return guard(func() error {
		return p.pc.AddICECandidate(webrtc.ICECandidateInit{
			Candidate: c.Candidate, SDPMid: &c.SDPMid, SDPMLineIndex: &c.SDPMLineIndex,
		})
	})
}
