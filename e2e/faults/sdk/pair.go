package sdk

import (
	"context"
	"fmt"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// Namespaces and browsers: those that are cut off, and those that stay. A
// browser has the namespace of its name.
const (
	cutDoor, stayDoor       = "door-cut", "door-stay"
	cutBrowser, stayBrowser = "anna", "ben"
)

// frameRate of all cameras, in pictures a second.
const frameRate = 15

// disconnectTime is the window within which a broken call is renewed, the
// SDK's default.
const disconnectTime = 30 * time.Second

// party is one end of a call: a device or a client.
type party struct {
	role   string // in results
	user   int64
	peer   int64
	device *rig.Device
	client *rig.Client

	session string // the client's present one; of a race

	firstPacket moment // after the link was back; of a device
}

// pair is a call with what is planned for it.
type pair struct {
	plan      Plan
	cut, stay *party
	namespace string    // of the party that is cut off
	up        time.Time // just before its link was back or its move began; zero before
	healed    time.Time // from when on what arrives is new: up, or the end of the move
}

func (p *pair) parties() []*party { return []*party{p.cut, p.stay} }

// ids returns the user ids of the i-th pair of a scene.
func ids(i int, side Side) (cut, stay int64) {
	cut, stay = rig.FirstUser+int64(i), rig.LastUser-int64(i)
	if side == Higher {
		cut, stay = stay, cut
	}
	return cut, stay
}

// newPair brings both parties online and has the one call the other.
func (s *Stage) newPair(ctx context.Context, i int, plan Plan) (*pair, error) {
	cut, stay := ids(i, plan.Side)
	p := &pair{plan: plan, cut: &party{user: cut, peer: stay}, stay: &party{user: stay, peer: cut}, namespace: cutBrowser}
	switch plan.Kind {
	case OwnLink:
		p.cut.role, p.stay.role, p.namespace = "device", "client", cutDoor
		return p, s.ring(ctx, p.cut, cutDoor, p.stay, stayBrowser)
	case ClientLink:
		p.cut.role, p.stay.role = "client", "device"
		return p, s.ring(ctx, p.stay, stayDoor, p.cut, cutBrowser)
	default:
		p.cut.role, p.stay.role = "client cut off", "client that stays"
		return p, s.call(ctx, p.cut, p.stay)
	}
}

// ring has a device call a client.
func (s *Stage) ring(ctx context.Context, door *party, namespace string, c *party, browser string) error {
	var err error
	if door.device, err = s.lab.Device(ctx, doorConfig(door.user, c.user, namespace)); err != nil {
		return err
	}
	if err := s.connect(ctx, c, browser); err != nil {
		return err
	}
	if err := door.device.Online(ctx); err != nil {
		return err
	}
	if err := door.device.Press(ctx, "front"); err != nil {
		return err
	}
	if err := answer(ctx, c); err != nil {
		return err
	}
	_, err = door.device.Await(ctx, "onAcceptCall", c.user)
	return err
}

// call has a client call another one.
func (s *Stage) call(ctx context.Context, from, to *party) error {
	if err := s.connect(ctx, from, cutBrowser); err != nil {
		return err
	}
	if err := s.connect(ctx, to, stayBrowser); err != nil {
		return err
	}
	if _, err := from.client.Call(ctx, rig.VideoCall, nil, to.user); err != nil {
		return err
	}
	if err := answer(ctx, to); err != nil {
		return err
	}
	_, err := from.client.Await(ctx, "onAcceptCallListener", to.user)
	return err
}

func (s *Stage) connect(ctx context.Context, p *party, browser string) error {
	var err error
	p.client, err = s.lab.Client(ctx, rig.ClientOptions{
		Browser: browser, User: p.user, FrameRate: frameRate, DisconnectTime: disconnectTime,
	})
	return err
}

func answer(ctx context.Context, p *party) error {
	if _, err := p.client.Await(ctx, "onCallListener", p.peer); err != nil {
		return err
	}
	return p.client.Accept(ctx)
}

// doorConfig is a device with small pictures that calls one user.
func doorConfig(user, contact int64, namespace string) rig.DeviceConfig {
	c := rig.DefaultConfig()
	c.Party = namespace
	c.QuickBlox.UserID = user
	c.Contacts = []rig.Contact{{Name: "Client", UserID: contact}}
	c.Buttons = []rig.Button{{Name: "front", Source: "control", Contacts: []string{"Client"}, Mode: "first-answer", CallType: "video"}}
	c.WebRTC.DisconnectTimeInterval = disconnectTime
	c.Camera.Width, c.Camera.Height, c.Camera.FPS, c.Camera.Bitrate = 320, 240, frameRate, 300_000
	return c
}

// talks waits until pictures go both ways.
func (p *pair) talks(ctx context.Context) error {
	for _, end := range p.parties() {
		if end.client != nil {
			if _, err := end.client.Sees(ctx, end.peer); err != nil {
				return fmt.Errorf("%v: %w", p.plan, err)
			}
			continue
		}
		_, err := end.device.AwaitStatus(ctx, "pictures at the device", func(st rig.DeviceStatus) bool {
			return st.Media[videoPackets] > 0
		})
		if err != nil {
			return fmt.Errorf("%v: %w", p.plan, err)
		}
	}
	return nil
}

// videoPackets is the device's counter of RTP packets with pictures from peers.
const videoPackets = "video_packets_received"
