package media

import (
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/intercomd/intercomd/media/retransmit"
	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// The timers of ICE: disconnected after 5 s without a packet, failed 25 s
// later, a keepalive every 2 s.
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 25 * time.Second
	iceKeepalive    = 2 * time.Second
	stunTimeout     = 2 * time.Second // for one STUN server while gathering
)

// newAPI makes what PeerConnections are built with. c counts the packets that
// are repeated.
func newAPI(cfg Config, c *counters, log *slog.Logger) (*webrtc.API, error) {
	m, err := newMediaEngine()
	if err != nil {
		return nil, err
	}
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
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(m),
		webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(settings(cfg, log)),
	), nil
}

// settings configures ICE, DTLS and SRTP. Candidates are accepted at once:
// waiting for better ones costs a caller up to a second. mDNS names of peers
// are resolved, our own addresses are given plainly: gathering mDNS names
// takes longer than a call may.
func settings(cfg Config, log *slog.Logger) webrtc.SettingEngine {
	s := webrtc.SettingEngine{LoggerFactory: logFactory{log}}
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
	s.SetIncludeLoopbackCandidate(cfg.IncludeLoopback || onlyLoopback())
	if cfg.Settings != nil {
		cfg.Settings(&s)
	}
	return s
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

// logFactory passes pion's logs on. pion warns of much that is normal on a
// network, so its warnings are debug messages here and its chatter is dropped.
type logFactory struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (f logFactory) NewLogger(scope string) logging.LeveledLogger {
	return pionLogger{f.log.With("pion", scope)}
}

type pionLogger struct{ log *slog.Logger }

func (pionLogger) Trace(string)          {}
func (pionLogger) Tracef(string, ...any) {}
func (pionLogger) Debug(string)          {}
func (pionLogger) Debugf(string, ...any) {}
func (pionLogger) Info(string)           {}
func (pionLogger) Infof(string, ...any)  {}

func (l pionLogger) Warn(msg string)                  { l.log.Debug(msg) }
func (l pionLogger) Warnf(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }

func (l pionLogger) Error(msg string)                  { l.log.Warn(msg) }
func (l pionLogger) Errorf(format string, args ...any) { l.log.Warn(fmt.Sprintf(format, args...)) }
