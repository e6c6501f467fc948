//go:build e2e

package board

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/board/wire"
	netrelay "github.com/intercomd/intercomd/e2e/faults/relay"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// spoiltScenarios are networks that are bad, or become others.
func spoiltScenarios() []scenario {
	return []scenario{
		{"spoilt-network", spoiltNetwork},
		{"other-address", otherAddress},
		{"pressed-in-a-cut", pressedInACut},
	}
}

// A bad network: what each direction loses and how late the rest is.
const (
	spoiltLoss  = 0.1
	spoiltDelay = 80 * time.Millisecond
	spoiltSeed  = 1
)

// spoil makes the network bad until the scene ends: by netem of the board's
// kernel what the board sends, and by a wire in user space what it receives.
func (s *scene) spoil() {
	s.Helper()
	back := get(s, s.lab.detour)
	s.do(func(ctx context.Context) error {
		return s.board.SetNetem(ctx, wire.Netem{Loss: spoiltLoss, Delay: spoiltDelay})
	})
	s.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
		defer cancel()
		if err := errors.Join(s.board.SetNetem(ctx, wire.Netem{}), back(ctx)); err != nil {
			s.Errorf("mend the network: %v", err)
		}
	})
}

// detour leads the board's cable over a second bridge and a bad wire to the
// first one. The board does not notice. It returns what leads the cable back.
//
// The second bridge answers no ARP: a kernel does so for its addresses at every
// interface, and the board would send past the wire, to a bridge that goes.
func (l *lab) detour(ctx context.Context) (back func(context.Context) error, err error) {
	const bridge = "br1"
	hub := l.Network.Hub.Name
	near, far := netrelay.Port{Namespace: hub, Interface: "spoilt0"}, netrelay.Port{Namespace: hub, Interface: "spoilt1"}
	w, err := netrelay.NewWire(ctx, near, far, spoiltSeed)
	if err != nil {
		return nil, err
	}
	w.Set(netrelay.Down, netrelay.Rule{Loss: spoiltLoss, Delay: spoiltDelay})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(running) }()
	back = func(ctx context.Context) error {
		stop()
		return errors.Join(<-ended, ip(ctx, hub, "link set "+boardTap+" master "+labBridge, "link del "+bridge))
	}
	err = ip(ctx, hub, "link add "+bridge+" type bridge", "link set "+bridge+" arp off addrgenmode none up", "link set spoilt0 master "+bridge,
		"link set spoilt1 master "+labBridge, "link set "+boardTap+" master "+bridge)
	if err != nil {
		return nil, errors.Join(err, back(ctx))
	}
	return back, nil
}

// ip changes the network of a namespace.
func ip(ctx context.Context, namespace string, commands ...string) error {
	for _, c := range commands {
		out, err := exec.CommandContext(ctx, "ip", append([]string{"-n", namespace}, strings.Fields(c)...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// spoiltNetwork calls, talks and hangs up in a bad network.
func spoiltNetwork(s *scene) {
	a, d := s.client("anna", anna), s.door()
	air := s.air(rig.Tone("anna"))
	s.spoil()
	pressed := time.Now()
	s.press(vm.Doorbell)
	s.at(a, "onCallListener")
	s.says("rings %v after the press began", time.Since(pressed).Round(10*time.Millisecond))
	s.do(a.Accept)
	s.event(d, "onAcceptCall")
	s.all(sees(a), hears(a), heardInTheAir(air, a), seen(d))
	s.says("both see and hear each other %v after the press began", time.Since(pressed).Round(10*time.Millisecond))
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.idle(d)
}

// The board's second address, and how soon the picture must be back after it
// has come in place of the first: 3 s are promised, and an emulated board is
// slower by some factor.
const (
	otherBoardAddress = "10.99.0.201/24"
	movedLimit        = 3 * time.Second * emulation
	emulation         = 3
)

// otherAddress gives the board another address in a call.
func otherAddress(s *scene) {
	a, d := s.client("anna", anna, patient), s.door(shortCut.configure)
	air := s.air(rig.Tone("anna"))
	s.connect(d, vm.Doorbell, a)
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	o := outage{cut: time.Now()}
	o.up = o.cut
	s.address(boardAddress, otherBoardAddress)
	o.fresh = time.Now()
	defer s.address(otherBoardAddress, boardAddress)
	s.settle(&o, a, d)
	s.says("the picture is back %v after the change; the door was told %s, the client %s",
		o.picture.Sub(o.up).Round(10*time.Millisecond), o.door.text(o.up), o.client.text(o.up))
	if took := o.picture.Sub(o.up); took > movedLimit {
		s.Errorf("the picture came back after %v, want at most %v", took, movedLimit)
	}
	for _, fault := range o.faults() {
		s.Error(fault)
	}
	s.all(seesOn(a), hears(a), heardInTheAir(air, a))
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.idle(d)
}

// address replaces the board's address, as a router does that has forgotten it.
func (s *scene) address(old, other string) {
	s.Helper()
	s.sh("ip addr del " + old + " dev eth0; ip addr add " + other + " dev eth0")
}

// pressedInACut pulls the cable of a door that is online and presses at once:
// the lamp says so, and Anna is rung when the cable is in again.
func pressedInACut(s *scene) {
	a, d := s.client("anna", anna), s.door()
	s.cable(false)
	s.press(vm.Doorbell)
	s.shines("offline", 0.01, 0.12)
	if a.Had("onCallListener") {
		s.Fatal("Anna was rung by a door without a cable")
	}
	back := time.Now()
	s.cable(true)
	s.at(a, "onCallListener")
	s.says("Anna is rung %v after the cable is back", time.Since(back).Round(10*time.Millisecond))
	s.press(vm.Hangup)
	s.at(a, "onStopCallListener")
	s.idle(d)
}
