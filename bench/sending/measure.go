package sending

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

// connectWithin bounds how long a sender takes until its first picture arrives.
const connectWithin = 15 * time.Second

// Result is what one sender did.
type Result struct {
	CPU       float64         // seconds in a minute of the call
	FPS       float64         // pictures that arrived in a second
	Bitrate   float64         // of the pictures, bit/s
	Latencies []time.Duration // camera to socket, sorted; none of a bare sender
}

// Quantile is the latency below which a share (0…1) of the pictures lies; 0 of
// none.
func (r Result) Quantile(share float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	return r.Latencies[min(int(share*float64(len(r.Latencies))), len(r.Latencies)-1)]
}

// Comparison is what [Compare] has found.
type Comparison struct {
	Engine Result // the device's media engine, pictures only
	Sound  Result // the same with sound, which is encoded
	Bare   Result // pion/webrtc alone, pictures only
}

// Compare lets three senders send the H.264 file at the same time for length.
// program is this program, whose main function leads to [Child].
func Compare(ctx context.Context, program, file string, length time.Duration) (Comparison, error) {
	results, err := measure(ctx, program, length,
		job{kind: kindEngine, source: "file:" + file},
		job{kind: kindEngine, source: "file:" + file, sound: true},
		job{kind: kindBare, source: file})
	if err != nil {
		return Comparison{}, err
	}
	return Comparison{results[0], results[1], results[2]}, nil
}

// Measure lets the device's engine send a camera's pictures for length; source
// is as in package hw/camera, so that it measures a hardware encoder as well.
func Measure(ctx context.Context, program, source string, length time.Duration) (Result, error) {
	results, err := measure(ctx, program, length, job{kind: kindEngine, source: source})
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

func measure(ctx context.Context, program string, length time.Duration, jobs ...job) (results []Result, err error) {
	var running []*process
	defer func() {
		for _, p := range running {
			err = errors.Join(err, p.close())
		}
	}()
	for _, j := range jobs {
		p, err := start(ctx, program, j)
		if err != nil {
			return nil, err
		}
		running = append(running, p)
	}
	for _, p := range running {
		if err := p.begin(); err != nil {
			return nil, err
		}
	}
	select {
	case <-time.After(length):
	case <-ctx.Done():
		return nil, fmt.Errorf("measure senders: %w", ctx.Err())
	}
	for _, p := range running {
		r, err := p.result()
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// process is a sender and the receiver of its pictures.
type process struct {
	job      job
	cmd      *exec.Cmd
	in       io.WriteCloser
	requests *json.Encoder
	replies  *bufio.Scanner
	receiver *receiver
	frames   int64 // received before the beginning
	bytes    int64
}

// start runs a sender and connects it.
func start(ctx context.Context, program string, j job) (p *process, err error) {
	p = &process{job: j, cmd: exec.CommandContext(ctx, program, j.args()...)}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start sender: %w", err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start sender: %w", err)
	}
	p.requests, p.replies = json.NewEncoder(p.in), bufio.NewScanner(out)
	p.replies.Buffer(nil, 16<<20)
	if p.receiver, err = newReceiver(); err != nil {
		return nil, err
	}
	if err = p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start sender: %w", err), p.receiver.close())
	}
	if err = p.connect(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// connect answers the offer and waits for the first picture.
func (p *process) connect(ctx context.Context) error {
	offer, err := p.read()
	if err != nil {
		return err
	}
	answer, err := p.receiver.answer(offer.SDP)
	if err != nil {
		return err
	}
	if err = p.requests.Encode(message{SDP: answer}); err != nil {
		return fmt.Errorf("answer sender: %w", err)
	}
	select {
	case <-p.receiver.first:
		return nil
	case <-time.After(connectWithin):
		return fmt.Errorf("%s sender of %s: no picture within %s", p.job.kind, p.job.source, connectWithin)
	case <-ctx.Done():
		return fmt.Errorf("connect sender: %w", ctx.Err())
	}
}

// begin lets the sender count from now on.
func (p *process) begin() error {
	p.frames, p.bytes = p.receiver.frames.Load(), p.receiver.bytes.Load()
	if err := p.requests.Encode(message{Begin: true}); err != nil {
		return fmt.Errorf("tell sender to begin: %w", err)
	}
	return nil
}

// result asks the sender what it has measured.
func (p *process) result() (Result, error) {
	if err := p.requests.Encode(message{}); err != nil {
		return Result{}, fmt.Errorf("ask sender: %w", err)
	}
	m, err := p.read()
	if err != nil {
		return Result{}, err
	}
	if m.Report == nil || m.Report.Elapsed <= 0 {
		return Result{}, errors.New("ask sender: it reports nothing")
	}
	seconds := m.Report.Elapsed.Seconds()
	slices.Sort(m.Report.Latencies)
	return Result{
		CPU:       m.Report.CPU.Seconds() * 60 / seconds,
		FPS:       float64(p.receiver.frames.Load()-p.frames) / seconds,
		Bitrate:   float64(p.receiver.bytes.Load()-p.bytes) * 8 / seconds,
		Latencies: m.Report.Latencies,
	}, nil
}

func (p *process) read() (m message, err error) {
	if !p.replies.Scan() {
		return m, fmt.Errorf("%s sender of %s ended: %w", p.job.kind, p.job.source, errors.Join(io.ErrUnexpectedEOF, p.replies.Err()))
	}
	if err := json.Unmarshal(p.replies.Bytes(), &m); err != nil {
		return m, fmt.Errorf("read from sender: %w", err)
	}
	return m, nil
}

// close lets the sender end and waits for it.
func (p *process) close() error {
	err := p.in.Close()
	if waitErr := p.cmd.Wait(); waitErr != nil {
		err = errors.Join(err, fmt.Errorf("end %s sender: %w", p.job.kind, waitErr))
	}
	return errors.Join(err, p.receiver.close())
}
