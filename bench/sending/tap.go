package sending

import (
	"fmt"
	"image"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// stopwatch measures how long frames take from the camera to the socket. A
// frame leaves before the next one comes, as long as that is less than a frame
// lasts.
type stopwatch struct {
	handed atomic.Int64 // when the newest frame was handed out, ns since start
	start  time.Time

	mu    sync.Mutex
	taken []time.Duration
}

func newStopwatch() *stopwatch { return &stopwatch{start: time.Now()} }

// handOut notes that the camera gives a frame away.
func (w *stopwatch) handOut() { w.handed.Store(int64(time.Since(w.start))) }

// sent notes that the last packet of the frame was written.
func (w *stopwatch) sent() {
	d := time.Since(w.start) - time.Duration(w.handed.Load())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken = append(w.taken, d)
}

// take returns what was measured so far and forgets it.
func (w *stopwatch) take() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.taken
	w.taken = nil
	return out
}

// cameraTap is a camera driver that notes when frames are handed out.
type cameraTap struct {
	driver.Driver
	watch *stopwatch
}

// VideoRecord implements driver.VideoRecorder.
func (t *cameraTap) VideoRecord(p prop.Media) (video.Reader, error) {
	recorder, ok := t.Driver.(driver.VideoRecorder)
	if !ok {
		return nil, fmt.Errorf("tap camera: %q takes no video", t.Info().Label)
	}
	r, err := recorder.VideoRecord(p)
	if err != nil {
		return nil, err
	}
	return video.ReaderFunc(func() (image.Image, func(), error) {
		img, release, err := r.Read()
		t.watch.handOut()
		return img, release, err
	}), nil
}

// tapCamera puts a tap in the place of the driver of an id, which mediadevices
// would open as well otherwise, and returns its label.
func tapCamera(id string, watch *stopwatch) (label string, remove func(), err error) {
	manager := driver.GetManager()
	found := manager.Query(driver.FilterID(id))
	if len(found) != 1 {
		return "", nil, fmt.Errorf("tap camera: %d drivers have the id %s", len(found), id)
	}
	label = "tapped " + id
	err = manager.Register(&cameraTap{found[0], watch}, driver.Info{Label: label, DeviceType: driver.Camera})
	if err != nil {
		return "", nil, fmt.Errorf("tap camera: %w", err)
	}
	manager.Delete(id)
	return label, func() {
		for _, d := range manager.Query(func(d driver.Driver) bool { return d.Info().Label == label }) {
			manager.Delete(d.ID())
		}
	}, nil
}

// netTap is the machine's network with a tap on the UDP sockets.
type netTap struct {
	transport.Net
	watch *stopwatch
	video uint8 // payload type
}

func newNetTap(watch *stopwatch, payloadType uint8) (*netTap, error) {
	n, err := stdnet.NewNet()
	if err != nil {
		return nil, fmt.Errorf("tap network: %w", err)
	}
	return &netTap{n, watch, payloadType}, nil
}

// ListenUDP implements transport.Net.
func (n *netTap) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	return &udpTap{conn, n}, nil
}

// udpTap notes when the last packet of a frame is written. The header of SRTP
// is not encrypted (RFC 3711 3.1).
type udpTap struct {
	transport.UDPConn
	net *netTap
}

// WriteTo implements net.PacketConn.
func (c *udpTap) WriteTo(b []byte, addr net.Addr) (int, error) {
	n, err := c.UDPConn.WriteTo(b, addr)
	c.note(b)
	return n, err
}

// Write implements net.Conn.
func (c *udpTap) Write(b []byte) (int, error) {
	n, err := c.UDPConn.Write(b)
	c.note(b)
	return n, err
}

func (c *udpTap) note(b []byte) {
	const version, marker = 2, 0x80
	if len(b) >= 12 && b[0]>>6 == version && b[1] == marker|c.net.video {
		c.net.watch.sent()
	}
}
