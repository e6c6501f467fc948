package provision

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/intercomd/intercomd/config"
)

// Paths says where things are.
type Paths struct {
	Card     string // where the FAT partition is mounted, e.g. /bootcfg
	Data     string // where what survives an update is mounted, e.g. /data
	Run      string // /run; what is there is made anew at each boot
	Template string // intercom.yaml for a card after a reset; it may be missing
}

// Ports are what [Setup] has of the device besides its files.
type Ports struct {
	// Held waits until it is known for how long a button has been held since it
	// was called: at once if none is. [HoldStuck] comes after [StuckHold]. It
	// tells what letting go would mean whenever that changes.
	Held func(ctx context.Context, buttons []config.Button, tell func(Hold)) Hold
	// Picture takes one picture; that may take seconds. Its error names the
	// camera.
	Picture func(ctx context.Context, camera config.Camera) (image.Image, error)
	// Show makes the lamps of a configuration show a pattern and does not wait.
	Show func(lamps []config.Lamp, pattern config.Indication)
	// Hostname names the machine.
	Hostname func(name string) error
}

// Options are what a setup may leave out.
type Options struct {
	NoQR bool // neither a camera nor a wait for a configuration
}

// Setup is what happens at a boot before the daemon starts.
type Setup struct {
	paths   Paths
	disk    Disk
	store   store
	card    card
	ports   Ports
	options Options
	log     *slog.Logger
}

// New makes a setup; daemon is whom the daemon's files belong to.
func New(paths Paths, disk Disk, daemon Owner, ports Ports, options Options, log *slog.Logger) *Setup {
	return &Setup{
		paths: paths, disk: disk, ports: ports, options: options, log: log,
		store: store{disk: disk, dir: path.Join(paths.Data, "intercomd"), owner: daemon},
		card:  card{disk: disk, dir: paths.Card},
	}
}

// Run does all of it once. It returns when the system can start, which without
// a configuration is not before there is one, unless there is nothing to wait
// for or ctx is cancelled. The error joins what went wrong, which is logged and
// in intercom.err already: the system can start all the same, with the last good
// configuration or none.
func (s *Setup) Run(ctx context.Context) error {
	n := &notes{log: s.log}
	if err := s.checkData(); err != nil {
		n.add("open store", err)
		n.add("set the system up", s.derive(nil))
		s.complain(n, false)
		return errors.Join(n.errs...)
	}
	n.add("open store", s.store.open())
	hold, err := s.resetIfAsked(ctx)
	n.add("factory reset", err)
	_, wrong := s.importOrComplain()
	n.add("import configuration", wrong)
	n.add("read QR code", s.pairIfAsked(ctx, hold))
	cfg, err := s.active()
	n.add("use configuration", err)
	if wrong != nil && cfg != nil {
		s.blink(ctx, cfg)
	}
	n.add("set the system up", s.derive(cfg))
	onCard := 0
	if wrong != nil {
		onCard = 1
	}
	if len(n.errs) > onCard {
		s.complain(n, cfg != nil)
	}
	return errors.Join(n.errs...)
}

// notes are what went wrong during a boot.
type notes struct {
	log  *slog.Logger
	errs []error
}

// add logs an error, if there is one, and keeps it.
func (n *notes) add(doing string, err error) {
	if err != nil {
		n.log.Error(doing, "err", err)
		n.errs = append(n.errs, err)
	}
}

// complain writes all notes onto the card.
func (s *Setup) complain(n *notes, configured bool) {
	text := message(errors.Join(n.errs...), configured, time.Now())
	n.add("write intercom.err", s.card.complain(text))
}

// dataFile is where the system says, below the folder run, how it found the
// partition of the store: a word, a colon and a text.
const dataFile = "intercom/data"

// checkData fails if the system said that there is no partition to store
// anything on.
func (s *Setup) checkData() error {
	said, _, err := readIf(s.disk, path.Join(s.paths.Run, dataFile))
	text, broken := strings.CutPrefix(strings.TrimSpace(string(said)), "broken:")
	if err != nil || !broken {
		return nil
	}
	return fmt.Errorf("the part of the card where the device keeps its data cannot be used: %s; "+
		"put an empty file called factory-reset on the card to make it anew, or take another card", strings.TrimSpace(text))
}

// resetIfAsked resets the device if a reset has begun, or the card or a button
// asks for it. It returns what else a button asked for.
func (s *Setup) resetIfAsked(ctx context.Context) (Hold, error) {
	cfg, _ := s.active() // its error is told later
	asked, err := s.resetAsked()
	hold := HoldNothing
	if !asked {
		hold = s.held(ctx, cfg)
		asked = hold == HoldReset
	}
	if !asked {
		return hold, err
	}
	s.log.Warn("factory reset: configuration, secrets and state are wiped")
	s.show(cfg, config.ShowUpdating)
	defer s.show(cfg, config.ShowIdle)
	return HoldNothing, errors.Join(err, s.reset())
}

// held asks the buttons of the configuration, if it lets them ask for something,
// or the one that a board without a configuration is expected to have: between
// GPIO17 and ground.
func (s *Setup) held(ctx context.Context, cfg *config.Config) Hold {
	buttons := []config.Button{{
		Name: "GPIO17", Source: config.ButtonGPIO, Bias: config.PullUp,
		Line: config.Line{Chip: config.ChipAuto, Name: "17", ActiveLow: true},
	}}
	if cfg != nil {
		buttons = cfg.Buttons
		if !cfg.System.ButtonSetup {
			return HoldNothing
		}
	}
	hold := s.ports.Held(ctx, buttons, func(h Hold) { s.show(cfg, patternOf(h)) })
	s.show(cfg, config.ShowIdle)
	switch hold {
	case HoldStuck:
		s.log.Warn("a button has been closed for so long that it counts as stuck; look at its wires", "limit", StuckHold)
	case HoldPair, HoldReset:
		s.log.Info("a button was held at power-up", "for", hold)
	case HoldNothing:
	}
	return hold
}

// patternOf is what the lamps show while a button is held.
func patternOf(h Hold) config.Indication {
	switch h {
	case HoldPair:
		return config.ShowUpdating
	case HoldReset:
		return config.ShowRinging
	case HoldStuck:
		return config.ShowError
	}
	return config.ShowIdle
}

// importOrComplain imports the card's configuration, and says on the card what
// is wrong with it.
func (s *Setup) importOrComplain() (fresh bool, err error) {
	st, err := s.store.load()
	if err == nil {
		fresh, err = s.importCard(st)
	}
	if fresh {
		s.log.Info("configuration taken over from the card")
	}
	if err != nil {
		configured := st != nil || fresh
		return fresh, errors.Join(err, s.card.complain(message(err, configured, time.Now())))
	}
	return fresh, s.card.praise()
}

// active is the configuration in force, nil if there is none. One that cannot
// be read, as it may be after a return to an older program, is an error and the
// default configuration: it is there, so nothing pairs the device anew.
func (s *Setup) active() (*config.Config, error) {
	st, err := s.store.load()
	if err != nil {
		return config.Default(), err
	}
	if st == nil {
		return nil, nil
	}
	cfg, err := s.check(configFile, st.text, path.Join(s.store.dir, st.folder))
	if err != nil {
		return config.Default(), fmt.Errorf("use stored configuration: %w", err)
	}
	return cfg, nil
}

// blinkTime is how long the lamps say that the card's configuration is wrong.
const blinkTime = 4 * time.Second

func (s *Setup) blink(ctx context.Context, cfg *config.Config) {
	if len(cfg.Lamps) == 0 {
		return
	}
	s.show(cfg, config.ShowError)
	sleep(ctx, blinkTime)
	s.show(cfg, config.ShowIdle)
}

func (s *Setup) show(cfg *config.Config, p config.Indication) {
	if cfg != nil {
		s.ports.Show(cfg.Lamps, p)
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
