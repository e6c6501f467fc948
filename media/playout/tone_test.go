package playout

import (
	"math"
	"testing"
	"time"

	"github.com/intercomd/intercomd/media/opus"
	"github.com/stretchr/testify/assert"
)

// perform plays a tone for d and returns its samples.
func perform(t Tone, d time.Duration) []int32 {
	p := newPerformer(t)
	var out []int32
	for len(out) < samplesIn(d) {
		acc := make([]int32, opus.FrameSamples)
		p.add(acc)
		out = append(out, acc...)
	}
	return out
}

// strength is how much of the energy in samples lies at hz, 0…1.
func strength(samples []int32, hz float64) float64 {
	var re, im, total float64
	for i, s := range samples {
		phase := 2 * math.Pi * hz * float64(i) / opus.SampleRate
		re += float64(s) * math.Cos(phase)
		im += float64(s) * math.Sin(phase)
		total += float64(s) * float64(s)
	}
	if total == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / (float64(len(samples)) * total)
}

// sounding tells for each 50 ms whether there is sound: "#" or ".".
func sounding(samples []int32) (out string) {
	const step = opus.SampleRate / 20
	for i := 0; i+step <= len(samples); i += step {
		loudest := int32(0)
		for _, s := range samples[i : i+step] {
			loudest = max(loudest, s, -s)
		}
		if loudest > 1000 {
			out += "#"
		} else {
			out += "."
		}
	}
	return out
}

func dots(n int) string   { return string(fill(n, '.')) }
func hashes(n int) string { return string(fill(n, '#')) }

func fill(n int, b byte) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

func TestCadence(t *testing.T) {
	for tone, want := range map[Tone]string{
		NoTone:   dots(40),
		Tone(99): dots(40),
		RingBack: hashes(20) + dots(80) + hashes(20) + dots(80),
		Ring:     hashes(20) + dots(40) + hashes(20) + dots(40),
		Connect:  hashes(5) + dots(40),
		End:      hashes(4) + dots(4) + hashes(4) + dots(4) + hashes(4) + dots(4) + dots(40),
		Announce: hashes(18) + dots(2) + hashes(18) + dots(2) + dots(40),
		Offline:  hashes(20) + dots(40),
	} {
		t.Run(tone.String(), func(t *testing.T) {
			got := sounding(perform(tone, time.Duration(len(want))*50*time.Millisecond))
			assert.Equal(t, want, got[:len(want)])
		})
	}
}

func TestFrequencies(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		tone     Tone
		from, to time.Duration
		hz       []float64
	}{
		{RingBack, 100 * ms, 900 * ms, []float64{425}},
		{Ring, 5 * ms, 45 * ms, []float64{784}},
		{Ring, 55 * ms, 95 * ms, []float64{988}},
		{Connect, 0, 100 * ms, []float64{660}},
		{Connect, 100 * ms, 250 * ms, []float64{880}},
		{End, 0, 200 * ms, []float64{425}},
		{Announce, 0, 250 * ms, []float64{523, 659}},
		{Announce, 500 * ms, 900 * ms, []float64{784, 1047}},
		{Offline, 0, 330 * ms, []float64{950}},
		{Offline, 330 * ms, 660 * ms, []float64{1400}},
		{Offline, 660 * ms, 990 * ms, []float64{1800}},
	} {
		played := perform(tc.tone, time.Second)[samplesIn(tc.from):samplesIn(tc.to)]
		var sum float64
		for _, hz := range tc.hz {
			sum += strength(played, hz)
		}
		assert.Greater(t, sum, 0.9, "%s has %v Hz at %s", tc.tone, tc.hz, tc.from)
	}
}

// steepest is the largest step between two samples.
func steepest(samples []int32) (step int32) {
	for i := 1; i < len(samples); i++ {
		step = max(step, samples[i]-samples[i-1], samples[i-1]-samples[i])
	}
	return step
}

func TestTonesDoNotClick(t *testing.T) {
	for tone := RingBack; tone <= Offline; tone++ {
		var peak, highest float64 = melodyOf(tone).level * math.MaxInt16, 0
		for _, n := range melodyOf(tone).notes {
			highest = max(highest, n.hz[0], n.hz[1])
		}
		limit := 1.1 * peak * 2 * math.Pi * highest / opus.SampleRate // of a plain sine
		p := newPerformer(tone)
		var out []int32
		for i := range 30 {
			if i == 7 {
				p.stop()
			}
			acc := make([]int32, opus.FrameSamples)
			p.add(acc)
			out = append(out, acc...)
		}
		assert.LessOrEqual(t, float64(steepest(out)), limit, tone.String())
		assert.Equal(t, dots(8), sounding(out[8*opus.FrameSamples:])[:8], "%s was stopped", tone)
	}
}

// heardTones plays what a script asks for, 20 ms after each of its words, and
// lists what sounded.
func heardTones(script ...any) (out []Tone) {
	var ts tones
	for _, step := range script {
		switch step := step.(type) {
		case Tone:
			ts.play(step)
		case string:
			ts.stop()
		case time.Duration:
			for range step / Period {
				ts.add(make([]int32, opus.FrameSamples))
			}
		}
		ts.add(make([]int32, opus.FrameSamples))
		if tone := ts.now.tone; ts.now.done() {
			out = append(out, NoTone)
		} else {
			out = append(out, tone)
		}
	}
	return out
}

func TestOneToneAtATime(t *testing.T) {
	for name, tc := range map[string]struct {
		script []any
		want   []Tone
	}{
		"a new tone replaces the old":     {[]any{RingBack, Connect}, []Tone{RingBack, Connect}},
		"stop":                            {[]any{Ring, "stop"}, []Tone{Ring, NoTone}},
		"stop of nothing":                 {[]any{"stop", Ring}, []Tone{NoTone, Ring}},
		"one-shot ends":                   {[]any{Connect, time.Second}, []Tone{Connect, NoTone}},
		"loop goes on":                    {[]any{Ring, time.Minute}, []Tone{Ring, Ring}},
		"the announcement is not stopped": {[]any{Announce, "stop", time.Second, 2 * time.Second}, []Tone{Announce, Announce, Announce, NoTone}},
		"nor replaced, but followed":      {[]any{Announce, RingBack, 3 * time.Second}, []Tone{Announce, Announce, RingBack}},
		"what follows can be stopped":     {[]any{Announce, RingBack, "stop", 3 * time.Second}, []Tone{Announce, Announce, Announce, NoTone}},
		"announced once when asked twice": {[]any{Announce, Announce, 3 * time.Second}, []Tone{Announce, Announce, NoTone}},
		"silence":                         {[]any{Ring, NoTone}, []Tone{Ring, NoTone}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, heardTones(tc.script...)) })
	}
}

// TestAnnouncementWaitsItsTurn: what is asked for while the tone before still
// fades does not take the announcement's place.
func TestAnnouncementWaitsItsTurn(t *testing.T) {
	for name, tc := range map[string]struct {
		after []Tone // NoTone is StopTone
		want  []Tone
	}{
		"stopped":              {[]Tone{NoTone}, []Tone{Announce, NoTone}},
		"followed":             {[]Tone{Connect}, []Tone{Announce, Connect}},
		"stopped and followed": {[]Tone{NoTone, Ring}, []Tone{Announce, Ring}},
		"followed and stopped": {[]Tone{Ring, NoTone}, []Tone{Announce, NoTone}},
		"asked for twice":      {[]Tone{Announce}, []Tone{Announce, NoTone}},
	} {
		t.Run(name, func(t *testing.T) {
			var ts tones
			ts.play(Ring)
			ts.add(make([]int32, opus.FrameSamples))
			ts.play(Announce)
			for _, tone := range tc.after {
				if tone == NoTone {
					ts.stop()
				} else {
					ts.play(tone)
				}
			}
			ts.add(make([]int32, opus.FrameSamples))
			assert.Equal(t, tc.want[0], ts.now.tone)
			for range 2 * time.Second / Period { // the announcement's length
				ts.add(make([]int32, opus.FrameSamples))
			}
			if assert.Equal(t, tc.want[1] == NoTone, ts.silent()); !ts.silent() {
				assert.Equal(t, tc.want[1], ts.now.tone)
			}
		})
	}
}

func TestAskingAgainDoesNotRestartALoop(t *testing.T) {
	var ts tones
	ts.play(RingBack)
	for range 10 {
		ts.add(make([]int32, opus.FrameSamples))
	}
	before := ts.now.pos
	ts.play(RingBack)
	assert.Equal(t, before, ts.now.pos)
	assert.False(t, ts.now.ending)
}

func TestMixerPlaysTonesAlone(t *testing.T) {
	sink := &ears{}
	runMixer(t, sink, func(m *Mixer) {
		m.PlayTone(Connect)
		time.Sleep(time.Second)
		assert.InDelta(t, 13, sink.count(), 1, "250 ms of sound and no more")
		m.PlayTone(RingBack)
		time.Sleep(500 * time.Millisecond)
		assert.Greater(t, level(sink.frame(sink.count()-1)), 3000.0)
		m.StopTone()
		time.Sleep(2 * Period)
		before := sink.count()
		time.Sleep(time.Second)
		assert.Equal(t, before, sink.count())
	})
}

func TestMixerPlaysTonesOverVoices(t *testing.T) {
	sink := &ears{}
	v := newVoice(t)
	runMixer(t, sink, func(m *Mixer) {
		m.Add(v)
		m.PlayTone(Announce)
		time.Sleep(100 * time.Millisecond)
		assert.Greater(t, level(sink.frame(sink.count()-1)), 5000.0)
		m.Remove(v)
	})
}
