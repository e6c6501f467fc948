package jitter

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/intercomd/intercomd/media/opus"
)

const (
	period = 20 * time.Millisecond
	phase  = 7 * time.Millisecond // of the sender's ticks beside the listener's
)

// Network is how packets fare.
type Network struct {
	Loss   float64       // share of the packets, 0…1
	Jitter time.Duration // most that one is later than another
}

// Networks lists those of the table: loss 0, 5, 10 and 20 % by jitter 0, 30
// and 80 ms.
func Networks() []Network {
	var out []Network
	for _, loss := range []float64{0, 0.05, 0.10, 0.20} {
		for _, jitter := range []time.Duration{0, 30 * time.Millisecond, 80 * time.Millisecond} {
			out = append(out, Network{loss, jitter})
		}
	}
	return out
}

// Result is how a buffer did. Delays are those of played packets behind the
// fastest way, the rest is in a minute of a call.
type Result struct {
	Median, P95 time.Duration
	Concealed   time.Duration // made up from what was heard before, or silent
	Recovered   time.Duration // rebuilt from redundancy in the next packet
}

// tally is what a voice counts; frames of 20 ms.
type tally struct {
	delays                       []time.Duration
	concealed, recovered, silent int
}

// voice is a jitter buffer with its decoder.
type voice interface {
	push(now time.Duration, seq int, payload []byte)
	read(now time.Duration, pcm []int16) error
	close() error
}

// arrival is a packet at the listener.
type arrival struct {
	at  time.Duration
	seq int
}

func sendTime(seq int) time.Duration { return phase + time.Duration(seq)*period }

// arrivals sends n packets through a network.
func (n Network) arrivals(packets int, seed uint64) []arrival {
	random := rand.New(rand.NewPCG(seed, 1))
	var out []arrival
	for seq := range packets {
		delay := time.Duration(random.Float64() * float64(n.Jitter))
		if lost := random.Float64() < n.Loss; !lost {
			out = append(out, arrival{sendTime(seq) + delay, seq})
		}
	}
	slices.SortStableFunc(out, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	return out
}

// Compare plays speech in calls of the given length through a network to the
// buffer of fixed delay and to the device's. Each call meets other chances,
// made from its number.
func Compare(n Network, calls int, length time.Duration) (fixed, adaptive Result, err error) {
	packets, err := encodeSpeech()
	if err != nil {
		return Result{}, Result{}, err
	}
	var ofFixed, ofAdaptive tally
	for seed := range uint64(calls) {
		arrivals := n.arrivals(int(length/period), seed)
		f, err := newFixedVoice()
		if err != nil {
			return Result{}, Result{}, err
		}
		a, err := newAdaptiveVoice()
		if err != nil {
			return Result{}, Result{}, errors.Join(err, f.close())
		}
		err = errors.Join(play(f, packets, arrivals, length), play(a, packets, arrivals, length), f.close(), a.close())
		if err != nil {
			return Result{}, Result{}, err
		}
		ofFixed, ofAdaptive = ofFixed.plus(f.result), ofAdaptive.plus(a.result)
	}
	total := time.Duration(calls) * length
	return ofFixed.result(total), ofAdaptive.result(total), nil
}

// play lets a voice hear what arrives, which repeats packets.
func play(v voice, packets [][]byte, arrivals []arrival, length time.Duration) error {
	pcm := make([]int16, opus.FrameSamples)
	for now := period; now < length; now += period {
		for len(arrivals) > 0 && arrivals[0].at <= now {
			seq := arrivals[0].seq
			v.push(arrivals[0].at, seq, packets[seq%len(packets)])
			arrivals = arrivals[1:]
		}
		if err := v.read(now, pcm); err != nil {
			return fmt.Errorf("play at %s: %w", now, err)
		}
	}
	return nil
}

func (t tally) plus(u tally) tally {
	return tally{
		delays: append(t.delays, u.delays...), concealed: t.concealed + u.concealed,
		recovered: t.recovered + u.recovered, silent: t.silent + u.silent,
	}
}

// result is the tally of a length of time.
func (t tally) result(total time.Duration) Result {
	perMinute := func(frames int) time.Duration {
		return time.Duration(float64(frames) * float64(period) * float64(time.Minute) / float64(total))
	}
	return Result{
		Median: quantile(t.delays, 0.5), P95: quantile(t.delays, 0.95),
		Concealed: perMinute(t.concealed + t.silent), Recovered: perMinute(t.recovered),
	}
}

// quantile is the value below which a share of the sorted values lies; 0 of
// none.
func quantile(values []time.Duration, share float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
