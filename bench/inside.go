package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/intercomd/intercomd/bench/jitter"
	"github.com/intercomd/intercomd/bench/sending"
)

// How much speech the jitter buffers hear on each network.
const (
	jitterCalls  = 10
	jitterLength = 30 * time.Second
)

// jitterTable compares the jitter buffer with one of fixed delay.
func jitterTable(ctx context.Context, out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "loss\tjitter\tbuffer\tdelay median\tp95\tconcealed a minute\trecovered a minute\t")
	for _, n := range jitter.Networks() {
		if err := ctx.Err(); err != nil {
			return err
		}
		fixed, adaptive, err := jitter.Compare(n, jitterCalls, jitterLength)
		if err != nil {
			return err
		}
		network := fmt.Sprintf("%.0f %%\t%d ms", n.Loss*100, n.Jitter.Milliseconds())
		fmt.Fprintf(t, "%s\tfixed\t%s\n", network, jitterCells(fixed))
		fmt.Fprintf(t, "%s\tadaptive\t%s\n", network, jitterCells(adaptive))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func jitterCells(r jitter.Result) string {
	return fmt.Sprintf("%d ms\t%d ms\t%d ms\t%d ms\t",
		r.Median.Milliseconds(), r.P95.Milliseconds(), r.Concealed.Milliseconds(), r.Recovered.Milliseconds())
}

// withClip calls f with this program and an H.264 file for its senders.
func withClip(f func(program, clip string) error) (err error) {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.MkdirTemp("", "intercomd-bench-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	clip := filepath.Join(dir, "clip.h264")
	if err := sending.WriteClip(clip); err != nil {
		return err
	}
	return f(program, clip)
}

// latencyTable measures from the camera driver to the socket.
func (p plan) latencyTable(ctx context.Context, out io.Writer) error {
	if p.source == "" {
		return withClip(func(program, clip string) error {
			return p.latency(ctx, out, program, "file:"+clip, "a file")
		})
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return p.latency(ctx, out, program, p.source, p.source)
}

func (p plan) latency(ctx context.Context, out io.Writer, program, source, name string) error {
	r, err := sending.Measure(ctx, program, source, p.length)
	if err != nil {
		return err
	}
	return table(out, []line{
		{"camera → socket, of " + name + ", p50", milliseconds2(r.Quantile(0.5)), "", false},
		{"the same, p95", milliseconds2(r.Quantile(0.95)), "", false},
		{"pictures measured", fmt.Sprintf("%d (%.1f a second, %.2f Mbit/s)", len(r.Latencies), r.FPS, r.Bitrate/1e6), "", false},
	})
}

// milliseconds2 is for times below a millisecond.
func milliseconds2(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// processorTable compares the engine with a bare sender.
func (p plan) processorTable(ctx context.Context, out io.Writer) error {
	return withClip(func(program, clip string) error {
		c, err := sending.Compare(ctx, program, clip, p.length)
		if err != nil {
			return err
		}
		return table(out, processorLines(c))
	})
}

func processorLines(c sending.Comparison) []line {
	cpu := func(r sending.Result) string {
		return fmt.Sprintf("%.2f s (%.1f pictures a second, %.2f Mbit/s)", r.CPU, r.FPS, r.Bitrate/1e6)
	}
	ratio := 0.0
	if c.Bare.CPU > 0 {
		ratio = c.Engine.CPU / c.Bare.CPU
	}
	return []line{
		{"processor time a minute, 720p H.264 of a file", cpu(c.Engine), "", false},
		{"the same, bare pion sender", cpu(c.Bare), "", false},
		{"ratio", fmt.Sprintf("%.2f", ratio), "≤ 1.5", ratio > 0 && ratio <= 1.5},
		{"the device with sound, encoded", cpu(c.Sound), "", false},
	}
}
