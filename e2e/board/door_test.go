//go:build e2e

package board

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// door is intercomd on the board.
type door struct {
	board  *vm.Board
	events *rig.Log[doorEvent]
	daemon *vm.Command
	follow *vm.Command
}

// doorEvent is one line of `intercomd events`.
type doorEvent struct {
	rig.DeviceEvent
	Device string `json:"device"`
	Relay  string `json:"relay"`

	arrived time.Time // by this machine's clock; Time is by the board's
}

// doorStatus is the part of `intercomd status --json` that the scenarios look
// at.
type doorStatus struct {
	rig.DeviceStatus
	Camera   part     `json:"camera"`
	Audio    part     `json:"audio"`
	Playback part     `json:"playback"`
	GPIO     []part   `json:"gpio"`
	Stuck    []string `json:"stuck"`
	Process  struct {
		Goroutines int    `json:"goroutines"`
		Files      int    `json:"files"`
		Memory     uint64 `json:"memory"` // bytes
	} `json:"process"`
}

// part is a piece of hardware in the status.
type part struct {
	Name     string             `json:"name"`
	State    string             `json:"state"` // idle, open, missing
	Error    string             `json:"error"`
	Route    string             `json:"route"`
	Counters map[string]float64 `json:"counters"`
}

// startDoor runs a program with a configuration and returns when its control
// socket answers.
func startDoor(ctx context.Context, board *vm.Board, program string, c config) (*door, error) {
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	if err := board.Put(ctx, configFile, 0o600, text); err != nil {
		return nil, err
	}
	d := &door{board: board, events: rig.NewLog[doorEvent]()}
	if d.daemon, err = board.Spawn("exec "+program+" run --config "+configFile+" >"+logFile+" 2>&1", nil); err != nil {
		return nil, err
	}
	if err := d.listen(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// listen follows the events. The status answers after the subscription stands,
// so nothing of later is missed.
func (d *door) listen(ctx context.Context) error {
	_, err := d.awaitStatus(ctx, "the control socket", func(doorStatus) bool { return true })
	if err != nil {
		return err
	}
	d.follow, err = d.board.Spawn("exec intercomd events", &lineReader{each: func(line []byte) {
		var e doorEvent
		if err := json.Unmarshal(line, &e); err != nil {
			e.Event, e.Error = "unreadable", string(line)
		}
		e.arrived = time.Now()
		d.events.Add(e)
	}})
	return err
}

// lineReader cuts a stream into lines; what the board sends arrives in any
// pieces.
type lineReader struct {
	each func(line []byte)
	rest []byte
}

// Write implements io.Writer.
func (r *lineReader) Write(b []byte) (int, error) {
	r.rest = append(r.rest, b...)
	for {
		line, rest, found := bytes.Cut(r.rest, []byte("\n"))
		if !found {
			return len(b), nil
		}
		r.rest = rest
		r.each(line)
	}
}

// close ends the daemon as an init system does. An error says that it had
// ended before, or badly.
func (d *door) close() error {
	select {
	case <-d.daemon.Done():
		return fmt.Errorf("the daemon had ended: %w", d.daemon.Wait(context.Background()))
	default:
	}
	err := d.daemon.Stop()
	if d.follow != nil { // the end of the daemon is the end of its events
		err = errors.Join(err, d.follow.Stop())
	}
	return errors.Join(err, d.daemon.Wait(context.Background()))
}

func (d *door) status(ctx context.Context) (doorStatus, error) {
	var s doorStatus
	text, err := d.board.Output(ctx, "intercomd status --json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("read status: %w", err)
	}
	return s, nil
}

// pollInterval is how often something is looked at that tells of no change.
const pollInterval = 100 * time.Millisecond

// poll asks until the condition holds or ctx ends; the error is the last one
// of the condition.
func poll(ctx context.Context, condition func() error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w (last: %w)", context.Cause(ctx), err)
		}
	}
}

// awaitStatus polls the status until it matches.
func (d *door) awaitStatus(ctx context.Context, what string, match func(doorStatus) bool) (doorStatus, error) {
	var s doorStatus
	err := poll(ctx, func() error {
		select {
		case <-d.daemon.Done():
			return errors.New("the daemon has ended")
		default:
		}
		var err error
		if s, err = d.status(ctx); err == nil && !match(s) {
			err = fmt.Errorf("status %+v", s)
		}
		return err
	})
	if err != nil {
		return s, fmt.Errorf("wait for %s: %w", what, err)
	}
	return s, nil
}

// await takes the next event that matches.
func (d *door) await(ctx context.Context, what string, match func(doorEvent) bool) (doorEvent, error) {
	return d.events.Take(ctx, what+" at the door", match)
}

// named matches events of a name.
func named(name string) func(doorEvent) bool {
	return func(e doorEvent) bool { return e.Event == name }
}

// log returns the lines of the daemon's log that contain a text.
func (d *door) log(ctx context.Context, containing string) ([]string, error) {
	text, err := d.board.Get(ctx, logFile)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(text), "\n")
	return slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, containing) }), nil
}

// ears hears what is in the air: the output of `world hear`.
type ears struct {
	all     *rig.Log[sound] // since the beginning
	latest  *rig.Latest[int, rig.ToneLevel]
	command *vm.Command
}

// sound is how much half a second had of a tone.
type sound struct {
	Hertz int     `json:"hertz"`
	Level float64 `json:"level"` // dBFS
	Above float64 `json:"above"` // dB above what is beside it
}

// listenAt begins to measure tones at a sound device of the board.
func listenAt(board *vm.Board, device string, tones ...int) (*ears, error) {
	e := &ears{all: rig.NewLog[sound](), latest: rig.NewLatest[int, rig.ToneLevel]()}
	var err error
	e.command, err = board.Spawn("exec world hear "+device+" "+strings.Trim(fmt.Sprint(tones), "[]"), &lineReader{each: e.note})
	return e, err
}

func (e *ears) note(line []byte) {
	var heard sound
	if json.Unmarshal(line, &heard) == nil {
		e.all.Add(heard)
		e.latest.Set(heard.Hertz, rig.ToneLevel{Level: heard.Level, Above: heard.Above})
	}
}

// hears waits until a tone is loud and clear.
func (e *ears) hears(ctx context.Context, hertz int) (rig.ToneLevel, error) {
	return e.latest.Await(ctx, fmt.Sprintf("%d Hz in the air", hertz), hertz,
		func(t rig.ToneLevel) bool { return t.Level > -50 && t.Above > 25 })
}

// note is a note of a melody, in Hz. Notes are short, so that they stand out
// less than a tone that lasts.
func note(hertz int) func(sound) bool {
	return func(h sound) bool { return h.Hertz == hertz && h.Level > -40 && h.Above > 12 }
}
