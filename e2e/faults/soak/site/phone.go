package site

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/media"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/signaling/quickblox"
)

// phoneResource is the XMPP resource of every phone.
const phoneResource = "phone"

// PhoneOptions says whose phone it is and how it reaches others.
type PhoneOptions struct {
	User      call.UserID
	Server    *Server
	Address   string // of the server as the phone is to dial it; "" is the server's own
	Interface string // the only one that media may use; "" is all
	// Opening is held while camera and microphone are opened: mediadevices
	// looks into all that are registered in the process, and so gets in the way
	// of another phone that opens its own. nil is a lock of this phone alone.
	Opening *sync.Mutex
	Log     *slog.Logger
}

// Event is what a phone's listener was told.
type Event struct {
	Name    string // of the method of call.Listener
	Session *call.Session
	ID      call.SessionID
	User    call.UserID
	State   string // of connection or repair
	At      time.Time
}

// Phone is somebody's phone. Switched off and on again it is a new one.
type Phone struct {
	options PhoneOptions
	events  atomic.Pointer[rig.Log[Event]]
	camera  string // device ids
	sound   string
	forget  []func()
	on      *switchedOn // nil when off
}

// switchedOn are the parts of a phone that is on.
type switchedOn struct {
	client   *call.Client
	engine   *media.Engine
	link     *signaling.Link
	stopLink context.CancelFunc
	stopRest context.CancelFunc
	online   atomic.Bool
	linkDone chan error
	tasks    sync.WaitGroup
	errs     chan error // of client and engine
}

// NewPhone makes a phone that is off.
func NewPhone(o PhoneOptions) (*Phone, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Opening == nil {
		o.Opening = new(sync.Mutex)
	}
	p := &Phone{options: o}
	p.Listen()
	id, unregister, err := camera.Register(camera.Config{Source: camera.SourceTest, Width: 160, Height: 120, FPS: 5, Bitrate: 100_000})
	if err != nil {
		return nil, fmt.Errorf("make phone: %w", err)
	}
	p.camera, p.forget = id, append(p.forget, unregister)
	if p.sound, unregister, err = audio.Register(audio.Config{Capture: audio.CaptureTest}); err != nil {
		p.forget[0]()
		return nil, fmt.Errorf("make phone: %w", err)
	}
	p.forget = append(p.forget, unregister)
	return p, nil
}

// SwitchOn logs the phone in, and returns at once.
func (p *Phone) SwitchOn() error {
	on := &switchedOn{linkDone: make(chan error, 1), errs: make(chan error, 2)}
	if err := p.assemble(on); err != nil {
		return fmt.Errorf("switch phone on: %w", err)
	}
	linkCtx, stopLink := context.WithCancel(context.Background())
	restCtx, stopRest := context.WithCancel(context.Background())
	on.stopLink, on.stopRest = stopLink, stopRest
	p.on = on
	on.tasks.Go(func() { on.errs <- on.client.Run(restCtx) })
	on.tasks.Go(func() { on.errs <- on.engine.Run(restCtx, on.client.MediaEvent) })
	go func() { on.linkDone <- on.link.Run(linkCtx, on.client.Receive, on.linkChanged) }()
	return nil
}

func (p *Phone) assemble(on *switchedOn) error {
	o := p.options
	codec, err := quickblox.NewCodec(App, Domain, quickblox.NewID)
	if err != nil {
		return err
	}
	address := o.Address
	if address == "" {
		address = o.Server.Address
	}
	on.link, err = signaling.New(signaling.Config{
		Domain: Domain, Username: Username(o.User), Password: Password(o.User), Resource: phoneResource,
		Address: address, CAFile: o.Server.CAFile(),
	}, codec, o.Log)
	if err != nil {
		return err
	}
	on.engine, err = media.NewEngine(media.Config{
		VideoDevice: p.camera, AudioDevice: p.sound, Width: 160, Height: 120, FPS: 5, Bitrate: 100_000,
		Settings: func(e *webrtc.SettingEngine) {
			if o.Interface != "" {
				e.SetInterfaceFilter(func(name string) bool { return name == o.Interface })
			}
		},
	}, o.Log)
	if err != nil {
		return err
	}
	on.client, err = call.NewClient(call.Config{
		Self: o.User, AnswerTimeInterval: AnswerTime, DialingTimeInterval: DialingTime,
		DisconnectTimeInterval: DisconnectTime, AutoReject: true, IncomingLimit: 1,
		Allowed: func(call.UserID) bool { return true },
	}, on.link, on.engine, &phoneListener{p, on}, o.Log)
	return err
}

func (on *switchedOn) linkChanged(s signaling.State) {
	on.online.Store(s.Online)
	on.client.SignalingChanged(s.Online, s.Resumed)
}

// callsChanged has the link look after the server more closely in a call.
func (on *switchedOn) callsChanged() { on.link.SetInCall(len(on.client.Sessions()) > 0) }

// Vanish switches the phone off without a word to anybody: first its link to
// the server goes, then the rest. Off already, it does nothing.
func (p *Phone) Vanish() error {
	if p.on == nil {
		return nil
	}
	on := p.on
	p.on = nil
	on.stopLink()
	err := <-on.linkDone
	on.stopRest()
	on.tasks.Wait()
	return errors.Join(err, <-on.errs, <-on.errs)
}

// Close switches the phone off for good.
func (p *Phone) Close() error {
	err := p.Vanish()
	for _, f := range p.forget {
		f()
	}
	return err
}

// AwaitOnline waits until the phone is logged in.
func (p *Phone) AwaitOnline(ctx context.Context) error {
	return Poll(ctx, fmt.Sprintf("phone %d to be online", p.options.User), func() error {
		if !p.on.online.Load() {
			return fmt.Errorf("%+v", p.on.link.Status())
		}
		return nil
	})
}

// AwaitIdle waits until the phone has no session.
func (p *Phone) AwaitIdle(ctx context.Context) error {
	return Poll(ctx, fmt.Sprintf("phone %d to be idle", p.options.User), func() error {
		if s := p.on.client.Sessions(); len(s) > 0 {
			return fmt.Errorf("session %s is %s, %+v", s[0].ID(), s[0].State(), s[0].Peers())
		}
		return nil
	})
}

// Received is how many media packets the phone has received since it was
// switched on.
func (p *Phone) Received() uint64 {
	s := p.on.engine.Stats()
	return s["audio_packets_received"] + s["video_packets_received"]
}

// Call rings the door.
func (p *Phone) Call(ctx context.Context, t call.Type) (*call.Session, error) {
	s, err := p.on.client.NewSession([]call.UserID{Door}, t, call.SessionOptions{})
	if err != nil {
		return nil, err
	}
	if err := p.openMedia(ctx, s); err != nil {
		return nil, errors.Join(err, s.Stop(nil))
	}
	err = s.Call(nil)
	p.on.callsChanged()
	return s, err
}

// Accept answers a call that rings.
func (p *Phone) Accept(ctx context.Context, s *call.Session) error {
	if err := p.openMedia(ctx, s); err != nil {
		return err
	}
	return s.Accept(nil)
}

func (p *Phone) openMedia(ctx context.Context, s *call.Session) error {
	p.options.Opening.Lock()
	defer p.options.Opening.Unlock()
	_, err := s.GetUserMedia(ctx, call.MediaParams{Audio: true, Video: s.Type() == call.Video})
	return err
}

// Stop ends all that is up.
func (p *Phone) Stop() { p.on.client.StopAll(nil) }

// Listen returns a new log, which the events go to from now on.
func (p *Phone) Listen() *rig.Log[Event] {
	l := rig.NewLog[Event]()
	p.events.Store(l)
	return l
}

// Sessions is how many sessions the phone has.
func (p *Phone) Sessions() int { return len(p.on.client.Sessions()) }
