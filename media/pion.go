package media

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/media/retransmit"
	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// The timers of ICE: disconnected after 5 s without a packet, failed 25 s
// later. The keepalive is a check that the peer answers; ICE looks at its state
// as often, so a path that works again is told of within the same time.
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 25 * time.Second
	iceKeepalive    = 250 * time.Millisecond
	stunTimeout     = 2 * time.Second // for one STUN server while gathering, and for one mDNS name
)

// The timers of DTLS. A handshake that was lost on the way is repeated after
// dtlsRepeat, then after twice as long and so on.
const (
	dtlsTimeout = 10 * time.Second
	dtlsRepeat  = 200 * time.Millisecond
)

// maxAddresses bounds the addresses a peer may answer from, those of its
// candidates included.
const maxAddresses = 2 * maxCandidates

// stack is what one PeerConnection is built with, and what its peer can
// see and do of it.
type stack struct {
	api      *webrtc.API
	gate     *gate
	loopback bool // addresses of the own machine are of use
}

// watcher is told what happens on a stack. Its functions come from any
// goroutine and must not block.
type watcher struct {
	heard   func() // the peer has sent one of ICE's checks
	again   func() // the peer is heard after a silence
	overrun func() // the peer uses more streams than there are
}

// newStack makes what one PeerConnection is built with. It sends nothing while
// offline.
func newStack(cfg Config, offline *atomic.Bool, c *counters, log *slog.Logger, w watcher) (*stack, error) {
	m, err := newMediaEngine()
	if err != nil {
		return nil, err
	}
	registry, err := newRegistry(c)
	if err != nil {
		return nil, err
	}
	t := &stack{gate: newGate(offline, &c.refused, w.again), loopback: cfg.IncludeLoopback || onlyLoopback()}
	s, err := t.settings(cfg, log, w)
	if err != nil {
		return nil, err
	}
	t.api = webrtc.NewAPI(
		webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(s))
	return t, nil
}

// newRegistry makes what packets and reports pass through. c counts the packets
// that are repeated.
func newRegistry(c *counters) (*interceptor.Registry, error) {
	registry := &interceptor.Registry{}
	receiver, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, fmt.Errorf("make receiver reports: %w", err)
	}
	sender, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, fmt.Errorf("make sender reports: %w", err)
	}
	registry.Add(receiver)
	registry.Add(sender)
	registry.Add(&retransmit.Factory{Repeated: &c.repeated})
	return registry, nil
}

// settings configures ICE, DTLS and SRTP. Candidates are accepted at once:
// waiting for better ones costs a caller up to a second. mDNS names of peers
// are resolved, our own addresses are given plainly: gathering mDNS names
// takes longer than a call may.
func (t *stack) settings(cfg Config, log *slog.Logger, w watcher) (webrtc.SettingEngine, error) {
	s := webrtc.SettingEngine{LoggerFactory: newLogFactory(log)}
	s.SetSRTPProtectionProfiles(
		dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_256_GCM)
	s.SetHostAcceptanceMinWait(0)
	s.SetSrflxAcceptanceMinWait(0)
	s.SetPrflxAcceptanceMinWait(0)
	s.SetRelayAcceptanceMinWait(500 * time.Millisecond)
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepalive)
	s.SetSTUNGatherTimeout(stunTimeout)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.DisableActiveTCP(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeQueryOnly)
	s.SetIncludeLoopbackCandidate(t.loopback)
	s.SetDTLSRetransmissionInterval(dtlsRepeat)
	s.SetDTLSConnectContextMaker(func() (context.Context, func()) {
		return context.WithTimeout(context.Background(), dtlsTimeout)
	})
	s.BufferFactory = (&streams{over: w.overrun}).buffer
	s.SetRemoteIPFilter(t.addressFilter())
	s.SetICEBindingRequestHandler(func(*stun.Message, ice.Candidate, ice.Candidate, *ice.CandidatePair) bool {
		w.heard()
		return false // and changes nothing
	})
	network, err := newGatedNet(cfg.Net, t.gate)
	if err != nil {
		return s, err
	}
	s.SetNet(network)
	if cfg.Settings != nil {
		cfg.Settings(&s)
	}
	return s, nil
}

// addressFilter decides which addresses are taken for the peer's: those of
// candidates, those that mDNS names stand for, and those that ICE's checks come
// from.
func (t *stack) addressFilter() func(net.IP) bool {
	var taken atomic.Int64
	filter := candidateFilter{loopback: t.loopback}
	return func(ip net.IP) bool {
		addr, ok := netip.AddrFromSlice(ip)
		return ok && filter.check(addr.Unmap()) == nil && taken.Add(1) <= maxAddresses
	}
}

// onlyLoopback reports whether the machine has no other address to offer.
func onlyLoopback() bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			return false
		}
	}
	return true
}
