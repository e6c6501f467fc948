package sending

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"syscall"
	"time"
)

// ChildArg is the first argument of a process that is a sender.
const ChildArg = "sender"

// The kinds of sender.
const (
	kindEngine = "engine" // the device's media engine
	kindBare   = "bare"   // pion/webrtc and a file
)

// job says what a sender is to send.
type job struct {
	kind   string
	source string // as of hw/camera, or the path of an H.264 file for bare
	sound  bool   // a tone besides, for the engine
}

func (j job) args() []string {
	return []string{ChildArg, "-kind", j.kind, "-source", j.source, fmt.Sprintf("-sound=%t", j.sound)}
}

func parseJob(args []string) (j job, err error) {
	flags := flag.NewFlagSet(ChildArg, flag.ContinueOnError)
	flags.StringVar(&j.kind, "kind", kindEngine, "engine or bare")
	flags.StringVar(&j.source, "source", "", "what is sent")
	flags.BoolVar(&j.sound, "sound", false, "send sound as well")
	return j, flags.Parse(args)
}

// message is a line between a sender and its parent.
type message struct {
	SDP string `json:"sdp,omitempty"` // an offer from the sender, an answer to it
	// From the parent: count from now on, or report.
	Begin  bool    `json:"begin,omitempty"`
	Report *report `json:"report,omitempty"`
}

// report is what a sender has measured since the beginning.
type report struct {
	CPU       time.Duration   `json:"cpu"` // user and system
	Elapsed   time.Duration   `json:"elapsed"`
	Latencies []time.Duration `json:"latencies"` // camera to socket, per frame
}

// sender is what a child runs.
type sender interface {
	// offer starts and returns an SDP offer with all candidates.
	offer(context.Context) (string, error)
	// accept starts to send.
	accept(answer string) error
	// latencies returns those measured so far and forgets them.
	latencies() []time.Duration
	// close ends the sender and waits for it.
	close() error
}

// Child is the main function of a sender process: it speaks to [Measure] over
// in and out until in ends. args are those after [ChildArg].
func Child(ctx context.Context, args []string, in io.Reader, out io.Writer) (err error) {
	j, err := parseJob(args)
	if err != nil {
		return err
	}
	s, err := newSender(j)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	offer, err := s.offer(ctx)
	if err != nil {
		return err
	}
	reply := json.NewEncoder(out)
	if err = reply.Encode(message{SDP: offer}); err != nil {
		return fmt.Errorf("tell the offer: %w", err)
	}
	return serve(s, in, reply)
}

func newSender(j job) (sender, error) {
	switch j.kind {
	case kindEngine:
		return newEngineSender(j)
	case kindBare:
		return newBareSender(j.source)
	}
	return nil, fmt.Errorf("no sender of kind %q", j.kind)
}

// serve does what the parent asks for.
func serve(s sender, in io.Reader, reply *json.Encoder) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	began, used := time.Now(), time.Duration(0)
	for lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		cpu, err := processorTime()
		switch {
		case err != nil:
			return err
		case m.SDP != "":
			err = s.accept(m.SDP)
		case m.Begin:
			began, used = time.Now(), cpu
			s.latencies()
		default:
			err = reply.Encode(message{Report: &report{cpu - used, time.Since(began), s.latencies()}})
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// processorTime is what this process has used.
func processorTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("get resource usage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
