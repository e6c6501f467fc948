//go:build e2e

package quickblox

import (
	"context"
	"slices"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// referenceScenarios play without intercomd: they show that the lab itself
// carries calls of the SDK, so that a failure elsewhere is not the lab's.
func referenceScenarios() []scenario {
	return []scenario{
		{"sdk-calls-sdk", sdkCallsSDK},
		{"sdk-conference", sdkConference},
		{"sdk-safari", sdkSafari},
	}
}

func sdkCallsSDK(s *scene) {
	a, b := s.client("anna", anna), s.client("ben", ben)
	get(s, func(ctx context.Context) (string, error) {
		return a.Call(ctx, rig.VideoCall, map[string]string{"door": "1 & <2>"}, ben)
	})
	rung := s.at(b, "onCallListener", anna)
	if rung.Extension["door"] != "1 & <2>" {
		s.Errorf("extension of the call is %v", rung.Extension)
	}
	s.do(b.Accept)
	s.at(a, "onAcceptCallListener", ben)
	s.all(meet(a, b)...)
	s.do(func(ctx context.Context) error { return a.Mute(ctx, "audio") })
	get(s, func(ctx context.Context) (rig.Media, error) { return b.HearsNothing(ctx, anna, rig.Tone("anna")) })
	s.do(b.Stop)
	s.at(a, "onStopCallListener", ben)
	s.at(a, "onSessionCloseListener", 0)
}

func sdkConference(s *scene) {
	a, b, c := s.client("anna", anna), s.client("ben", ben), s.client("carl", carl)
	get(s, func(ctx context.Context) (string, error) { return a.Call(ctx, rig.VideoCall, nil, ben, carl) })
	for _, callee := range []*rig.Client{b, c} {
		s.at(callee, "onCallListener", anna)
		s.do(callee.Accept)
		s.at(a, "onAcceptCallListener", callee.Options.User)
	}
	s.all(slices.Concat(meet(a, b), meet(a, c), meet(b, c))...)
}

func sdkSafari(s *scene) {
	a, b := s.client("anna", anna, func(o *rig.ClientOptions) { o.UserAgent = safari }), s.client("ben", ben)
	get(s, func(ctx context.Context) (string, error) { return b.Call(ctx, rig.VideoCall, nil, anna) })
	s.at(a, "onCallListener", ben)
	s.do(a.Accept)
	s.all(meet(a, b)...)
}
