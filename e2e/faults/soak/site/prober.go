package site

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/signaling/quickblox"
)

// Prober finds out whether signals get to the device and back: it is a stranger
// whose calls are rejected.
type Prober struct {
	link    *signaling.Link
	rejects *rig.Log[call.Signal]
	probes  int
	stop    context.CancelFunc
	ended   chan error
}

// probeEvery is as often as the device answers a stranger.
const probeEvery = time.Second

// NewProber logs a stranger in.
func NewProber(s *Server) (*Prober, error) {
	codec, err := quickblox.NewCodec(App, Domain, quickblox.NewID)
	if err != nil {
		return nil, fmt.Errorf("make prober: %w", err)
	}
	link, err := signaling.New(signaling.Config{
		Domain: Domain, Username: Username(LastUser), Password: Password(LastUser), Resource: phoneResource,
		Address: s.Address, CAFile: s.CAFile(),
	}, codec, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("make prober: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Prober{link: link, rejects: rig.NewLog[call.Signal](), stop: stop, ended: make(chan error, 1)}
	go func() { p.ended <- link.Run(ctx, p.rejects.Add, func(signaling.State) {}) }()
	return p, nil
}

// RoundTrip waits until a signal has come to the device and its answer back.
func (p *Prober) RoundTrip(ctx context.Context) error {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		p.probes++
		id := call.SessionID(fmt.Sprintf("probe-%d", p.probes))
		p.link.Send(call.Signal{
			Type: call.SignalCall, Peer: call.Address{User: Door}, Session: id, CallType: call.Audio,
			Initiator: LastUser, Opponents: []call.UserID{Door}, SDP: "v=0\r\n", Platform: "prober",
		})
		if p.answered(ctx, id) == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for an answer of the device to a signal: %w; prober %+v", context.Cause(ctx), p.link.Status())
		}
	}
}

// answered waits for the answer to a probe until the next one is due.
func (p *Prober) answered(ctx context.Context, id call.SessionID) error {
	ctx, cancel := context.WithTimeout(ctx, probeEvery)
	defer cancel()
	_, err := p.rejects.Take(ctx, "reject", func(s call.Signal) bool { return s.Session == id })
	return err
}

// Close logs the stranger out.
func (p *Prober) Close() error {
	p.stop()
	return <-p.ended
}
