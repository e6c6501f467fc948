package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/warthog618/go-gpiocdev"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "world:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: world play|hear|echo|hold-sound|hold-line DEVICE [NUMBER…|DEVICE]")

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) < 2 {
		return errUsage
	}
	if args[0] == "echo" && len(args) == 3 {
		return echo(ctx, args[1], args[2])
	}
	numbers, err := integers(args[2:])
	if err != nil {
		return err
	}
	command, device := args[0], args[1]
	switch {
	case command == "play" && len(numbers) == 1:
		return play(ctx, device, numbers[0])
	case command == "hear" && len(numbers) > 0:
		return hear(ctx, device, numbers, out)
	case command == "hold-sound" && len(numbers) == 0:
		return holdSound(ctx, device, out)
	case command == "hold-line" && len(numbers) == 1:
		return holdLine(ctx, device, numbers[0], out)
	}
	return errUsage
}

func integers(args []string) ([]int, error) {
	var out []int
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%w: %q is not a number", errUsage, a)
		}
		out = append(out, n)
	}
	return out, nil
}

// play writes a tone until ctx ends. The device's own buffer is the clock.
func play(ctx context.Context, device string, hertz int) error {
	p, err := openPCM(device, playback)
	if err != nil {
		return err
	}
	defer p.close()
	source := newTone(hertz, p.rate)
	period := make([]int16, p.rate/50*p.channels)
	for ctx.Err() == nil {
		source.fill(period, p.channels)
		if err := p.transfer(period); err != nil {
			return err
		}
	}
	return nil
}

// heard is one line of hear.
type heard struct {
	Hertz int     `json:"hertz"`
	Level float64 `json:"level"` // dBFS
	Above float64 `json:"above"` // dB above the neighbourhood
}

// hear measures tones until ctx ends: every quarter of a second the last half,
// so that a short note is in the middle of one of them.
func hear(ctx context.Context, device string, tones []int, out io.Writer) error {
	p, err := openPCM(device, capture)
	if err != nil {
		return err
	}
	defer p.close()
	lines := json.NewEncoder(out)
	chunk := make([]int16, p.rate/4*p.channels)
	samples, window := make([]float64, p.rate/4*2), hann(p.rate/4*2)
	for ctx.Err() == nil {
		if err := p.transfer(chunk); err != nil {
			return err
		}
		samples = append(samples[p.rate/4:], firstChannel(chunk, p.channels)...)
		latest := shaped(samples, window)
		for _, hertz := range tones {
			if err := lines.Encode(measure(latest, hertz, p.rate)); err != nil {
				return fmt.Errorf("tell what was heard: %w", err)
			}
		}
	}
	return nil
}

// echoPeriods of silence come before the sound, so that none of it comes too
// late to be played.
const echoPeriods = 3

// echo is the room between a loudspeaker and a microphone, until ctx ends.
func echo(ctx context.Context, from, to string) error {
	in, err := openPCM(from, capture)
	if err != nil {
		return err
	}
	defer in.close()
	out, err := openPCM(to, playback)
	if err != nil {
		return err
	}
	defer out.close()
	if in.rate != out.rate || in.channels != out.channels {
		return fmt.Errorf("echo: %s has %d Hz, %d channels, %s %d Hz, %d", from, in.rate, in.channels, to, out.rate, out.channels)
	}
	period := make([]int16, in.rate/50*in.channels)
	err = out.transfer(make([]int16, echoPeriods*len(period)))
	for err == nil && ctx.Err() == nil {
		if err = in.transfer(period); err == nil {
			err = out.transfer(period)
		}
	}
	return err
}

func holdSound(ctx context.Context, device string, out io.Writer) error {
	dir := playback
	if device[len(device)-1] == 'c' {
		dir = capture
	}
	p, err := openPCM(device, dir)
	if err != nil {
		return err
	}
	defer p.close()
	fmt.Fprintln(out, "held")
	<-ctx.Done()
	return nil
}

func holdLine(ctx context.Context, chip string, line int, out io.Writer) error {
	l, err := gpiocdev.RequestLine(chip, line, gpiocdev.AsInput, gpiocdev.WithConsumer("another program"))
	if err != nil {
		return fmt.Errorf("hold line %d: %w", line, err)
	}
	defer l.Close()
	fmt.Fprintln(out, "held")
	<-ctx.Done()
	return nil
}
