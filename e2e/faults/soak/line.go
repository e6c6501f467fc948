package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/relay"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
)

// firstPort is the server port of line 0.
const firstPort = 5300

// pressWindow is a little more than the time in which two presses count as one.
const pressWindow = 350 * time.Millisecond

// line is a device with its server, its network and the phones of its contacts.
type line struct {
	number  int
	server  *site.Server
	network *site.Network
	proxy   *relay.Proxy // of the device's link; nil where that goes over the wire
	device  *site.Device
	phones  map[call.UserID]*site.Phone
	prober  *site.Prober
	faults  []fault
	random  *rand.Rand
	pressed time.Time // last
	close   []func() error
}

// newLine puts a line up. On lines with an odd number the device reaches its
// server through a proxy, apart from the wire that media takes; on the others
// everything goes over the wire.
func newLine(ctx context.Context, number int, o Options) (*line, error) {
	l := &line{
		number: number, phones: map[call.UserID]*site.Phone{}, faults: networkFaults(),
		random: rand.New(rand.NewPCG(o.Seed, uint64(number))),
	}
	if err := l.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("put line %d up: %w", number, err), l.Close())
	}
	return l, nil
}

func (l *line) open(ctx context.Context, o Options) (err error) {
	dir := filepath.Join(o.Dir, fmt.Sprintf("line-%d", l.number))
	for _, d := range []string{dir, filepath.Join(dir, "server"), filepath.Join(dir, "device")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
	}
	if l.network, err = site.NewNetwork(ctx, l.number+1, o.Seed+uint64(l.number)); err != nil {
		return err
	}
	l.close = append(l.close, l.network.Close)
	if l.server, err = site.StartServer(ctx, filepath.Join(dir, "server"), firstPort+l.number, true); err != nil {
		return err
	}
	l.close = append(l.close, l.server.Close)
	address := fmt.Sprintf("%s:%d", l.network.Gateway, firstPort+l.number)
	if l.number%2 == 1 {
		if address, err = l.openProxy(ctx, o.Seed); err != nil {
			return err
		}
	}
	l.device, err = site.StartDevice(ctx, site.DeviceOptions{
		Binary: o.Binary, Dir: filepath.Join(dir, "device"), Server: l.server, Address: address, Network: l.network, Level: o.Level,
	})
	if err != nil {
		return err
	}
	l.close = append(l.close, l.device.Close)
	if l.prober, err = site.NewProber(l.server); err != nil {
		return err
	}
	l.close = append(l.close, l.prober.Close)
	if err := l.openPhones(ctx, o); err != nil {
		return err
	}
	return l.prober.RoundTrip(ctx)
}

// openProxy has a proxy listen on the device's loopback.
func (l *line) openProxy(ctx context.Context, seed uint64) (address string, err error) {
	err = l.network.Do(func() (err error) {
		l.proxy, err = relay.NewProxy(relay.To(l.server.Address), seed+uint64(l.number))
		return err
	})
	if err != nil {
		return "", err
	}
	serve, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- l.proxy.Run(serve) }()
	l.close = append(l.close, func() error {
		stop()
		return <-ended
	})
	l.faults = append(l.faults, proxyFaults()...)
	return l.proxy.Address(), nil
}

func (l *line) openPhones(ctx context.Context, o Options) error {
	for _, user := range []call.UserID{site.Anna, site.Ben, site.Carl} {
		p, err := site.NewPhone(site.PhoneOptions{User: user, Server: l.server, Interface: l.network.Outside, Opening: o.opening})
		if err != nil {
			return err
		}
		l.phones[user] = p
		l.close = append(l.close, p.Close)
		if err := p.SwitchOn(); err != nil {
			return err
		}
	}
	var all errgroup.Group
	for _, p := range l.phones {
		all.Go(func() error { return p.AwaitOnline(ctx) })
	}
	return all.Wait()
}

// press presses a button of the device, later than what counts as one press
// with the last.
func (l *line) press(ctx context.Context, button string) error {
	if err := l.pressable(ctx); err != nil {
		return err
	}
	err := l.device.Control.Press(ctx, button)
	l.pressed = time.Now()
	return err
}

// pressable waits until a press is another one than the last.
func (l *line) pressable(ctx context.Context) error {
	return pause(ctx, time.Until(l.pressed.Add(pressWindow)))
}

// Close ends everything, the newest first.
func (l *line) Close() error {
	var errs []error
	for i := len(l.close) - 1; i >= 0; i-- {
		errs = append(errs, l.close[i]())
	}
	l.close = nil
	return errors.Join(errs...)
}
