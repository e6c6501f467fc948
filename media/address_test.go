package media

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/transport/v4"
	"github.com/stretchr/testify/assert"
)

// fadingNet is a network whose address goes away: the sockets stay, and say so
// when they are written to.
type fadingNet struct {
	transport.Net
	gone  atomic.Pointer[error]
	tries atomic.Int64 // to write since
}

func (n *fadingNet) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, addr)
	return &fadingConn{UDPConn: conn, net: n}, err
}

type fadingConn struct {
	transport.UDPConn
	net *fadingNet
}

func (c *fadingConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if err := c.net.gone.Load(); err != nil {
		c.net.tries.Add(1)
		return 0, *err
	}
	return c.UDPConn.WriteTo(b, to)
}

// countingHandler counts what is logged by default, from level info.
type countingHandler struct{ lines atomic.Int64 }

func (h *countingHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h *countingHandler) Handle(context.Context, slog.Record) error {
	h.lines.Add(1)
	return nil
}

func (h *countingHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *countingHandler) WithGroup(string) slog.Handler      { return h }

// TestAddressGoesAway takes the address of a call away. The call must be told
// of as disconnected and then failed, at no cost in between, and go on when the
// address is back in time.
func TestAddressGoesAway(t *testing.T) {
	for name, errno := range map[string]error{
		"no route":        syscall.ENETUNREACH,
		"no such address": syscall.EADDRNOTAVAIL,
		"interface down":  syscall.ENETDOWN,
	} {
		t.Run(name, func(t *testing.T) {
			fading := &fadingNet{}
			inBubble(t, func(c *Config) {
				fading.Net = c.Net
				c.Net = fading
			}, func(r *rig) {
				log := &countingHandler{}
				r.engine.log = slog.New(log)
				p := r.newRemote(codecH264)
				r.callOut(openVideo(1, r.stream("s")), p)
				time.Sleep(2 * time.Second)
				lines := log.lines.Load()

				r.cut.Store(true)
				fading.gone.Store(&errno)
				gone := time.Now()
				wait(r, 10*time.Second, stateOf(key(1), call.ConnectionDisconnected))
				assert.InDelta(t, iceDisconnected.Seconds(), time.Since(gone).Seconds(), 0.6)
				time.Sleep(10 * time.Second)
				seconds := time.Since(gone).Seconds()
				assert.LessOrEqual(t, float64(fading.tries.Load()), seconds*(50+4*testFPS+10), "packets are tried once each")
				assert.LessOrEqual(t, log.lines.Load()-lines, int64(5), "and not complained of")

				before := len(r.all())
				fading.gone.Store(nil)
				r.cut.Store(false)
				back := time.Now()
				r.eventually(time.Second, "connected again", func() bool { return len(r.all()) > before })
				assert.Equal(t, call.PeerState{Peer: key(1), State: call.ConnectionConnected}, r.all()[before])
				assert.LessOrEqual(t, time.Since(back), 2*iceKeepalive+20*time.Millisecond)
				p.close()
			})
		})
	}
}
