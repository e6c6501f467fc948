package audio

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

// Whatever a card takes, it plays the tone.
func TestSpeakerConverts(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		for _, format := range formats {
			for _, channels := range []int{1, 2} {
				t.Run(fmt.Sprintf("%d Hz %v %d ch", rate, format, channels), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						card := usbCard()
						card.Rates, card.Formats, card.Channels = []int{rate}, []alsa.Format{format}, []int{channels}
						var c Counters
						p := openCardSpeaker(t, alsatest.NewSystem(card), PlaybackConfig{Playback: "auto", Counters: &c})
						playTone(t, p, 440, 0, 100)
						heard := card.Heard()
						if len(heard) < rate*19/10 {
							t.Fatalf("%d samples were heard in 2 s", len(heard))
						}
						if level, snr := sineSNR(heard[rate/2:rate*7/10], rate, 440); math.Abs(level+6.02) > 0.1 || snr < 60 {
							t.Errorf("tone of %.2f dBFS, %.1f dB above the rest", level, snr)
						}
						if got := c.Stats(); got.Xruns != 0 || got.Dropped != 0 || got.DelayMS < 15 || got.DelayMS > 60 {
							t.Errorf("counted %+v", got)
						}
					})
				})
			}
		}
	}
}

// The card's buffer neither runs dry nor full, whatever its clock does.
func TestSpeakerFollowsDrift(t *testing.T) {
	for _, ppm := range []float64{-400, 150, 500} {
		t.Run(fmt.Sprint(ppm), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card := usbCard()
				card.PPM, card.Granule = ppm, 480
				var c Counters
				p := openCardSpeaker(t, alsatest.NewSystem(card), PlaybackConfig{Playback: "auto", Counters: &c})
				playTone(t, p, 440, 0, 9000) // 3 minutes
				got := c.Stats()
				if got.Xruns != 0 || got.Dropped != 0 || math.Abs(got.DriftPPM-ppm) > 80 {
					t.Errorf("counted %+v", got)
				}
				queued := time.Duration(card.Queued()) * time.Second / 48000
				if queued < 20*time.Millisecond || queued > 60*time.Millisecond {
					t.Errorf("%v are queued, want about %v", queued, playbackTarget)
				}
				if late := playedFor(card) - 3*time.Minute; late.Abs() > 100*time.Millisecond {
					t.Errorf("the sound is %v longer than it took", late)
				}
			})
		})
	}
}

// playedFor is how long a card of 48 kHz has played, by the system's clock.
func playedFor(c *alsatest.Card) time.Duration {
	return time.Duration(float64(len(c.Heard())) / 48000 / (1 + c.PPM/1e6) * 1e9)
}

// The card is open only while there is sound.
func TestSpeakerOpensAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys := alsatest.NewSystem(card)
		p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto"})
		state := func(want string, files int) {
			t.Helper()
			synctest.Wait()
			if got, err := p.State(); got != want || err != nil || sys.OpenFiles() != files {
				t.Errorf("state %s, %v, with %d files; want %s with %d", got, err, sys.OpenFiles(), want, files)
			}
		}
		state(StateClosed, 0)
		playTone(t, p, 440, 0, 10)
		state(StateOpen, 1)
		time.Sleep(playbackIdle - 100*time.Millisecond)
		state(StateOpen, 1)
		time.Sleep(200 * time.Millisecond)
		state(StateClosed, 0)
		playTone(t, p, 440, 0, 1)
		state(StateOpen, 1)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if n := sys.OpenFiles(); n != 0 {
			t.Errorf("%d files stay open", n)
		}
		if err := p.WritePCM(nil); !errors.Is(err, os.ErrClosed) {
			t.Errorf("write after Close: %v", err)
		}
	})
}

// A pause in the sound is silence, not an xrun, and the sound after it has its
// reserve again.
func TestSpeakerBridgesPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		var c Counters
		p := openCardSpeaker(t, alsatest.NewSystem(card), PlaybackConfig{Playback: "auto", Counters: &c})
		for n := range 20 {
			playTone(t, p, 400, 0, 7) // whole periods
			time.Sleep(time.Duration(n) * 13 * time.Millisecond)
		}
		if got := c.Stats(); got.Xruns != 0 || got.Dropped != 0 {
			t.Errorf("counted %+v", got)
		}
		bound := 2*math.Pi*400/48000*16384*0.5 + 100
		heard := card.Heard()
		for i := 1; i < len(heard)-1; i++ {
			if bend := math.Abs(float64(heard[i-1]) - 2*float64(heard[i]) + float64(heard[i+1])); bend > bound {
				t.Fatalf("click at %d: bend %.0f", i, bend)
			}
		}
	})
}

// More sound than time is thrown away, not kept for later.
func TestSpeakerDropsBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		var c Counters
		p := openCardSpeaker(t, alsatest.NewSystem(card), PlaybackConfig{Playback: "auto", Counters: &c})
		for range 10 {
			if err := p.WritePCM(make([]int16, 10*ChunkSize)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if queued := time.Duration(card.Queued()) * time.Second / 48000; queued > 200*time.Millisecond {
			t.Errorf("%v are queued", queued)
		}
		if got := c.Stats(); got.Dropped < 1500 {
			t.Errorf("counted %+v", got)
		}
	})
}

func TestSpeakerSurvivesInterruptions(t *testing.T) {
	for _, tt := range []struct {
		name            string
		canResume       bool
		cut             func(*alsatest.Card)
		xruns, suspends int64
	}{
		{"xrun", false, func(c *alsatest.Card) { c.Xrun(alsa.StreamPlayback) }, 1, 0},
		{"suspend", true, (*alsatest.Card).Suspend, 0, 1},
		{"suspend of a card that cannot resume", false, (*alsatest.Card).Suspend, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card := usbCard()
				card.CanResume = tt.canResume
				var c Counters
				p := openCardSpeaker(t, alsatest.NewSystem(card), PlaybackConfig{Playback: "auto", Counters: &c})
				playTone(t, p, 440, 0, 50)
				tt.cut(card)
				playTone(t, p, 440, 50, 100)
				heard := card.Heard()
				if level, snr := sineSNR(heard[len(heard)-2400:], SampleRate, 440); math.Abs(level+6.02) > 0.1 || snr < 40 {
					t.Errorf("then a tone of %.2f dBFS, %.1f dB above the rest", level, snr)
				}
				if got := c.Stats(); got.Xruns != tt.xruns || got.Suspends != tt.suspends {
					t.Errorf("counted %+v", got)
				}
			})
		})
	}
}

// A lost card costs its sound and no more: nobody waits, nothing fails, and it
// plays again soon after it is back, whatever its number is.
func TestSpeakerUnplugged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys := alsatest.NewSystem(card)
		var c Counters
		var news changes
		p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto", Counters: &c, OnChange: news.on})
		playTone(t, p, 440, 0, 20)
		sys.Unplug(card)
		start := time.Now()
		playTone(t, p, 440, 20, 150)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("3 s of sound without a card took %v", took)
		}
		state, err := p.State()
		if state != StateMissing || err == nil || !strings.Contains(err.Error(), `speaker "auto"`) {
			t.Errorf("state %s, %v", state, err)
		}
		again := usbCard()
		again.Number = 2
		sys.Plug(again)
		playTone(t, p, 440, 170, 100)
		if heard := len(again.Heard()); heard < 48000 {
			t.Errorf("%d samples were heard in the 2 s after it was back", heard)
		}
		if got := news.list(); !slices.Equal(got, []string{StateLost, StateBack}) {
			t.Errorf("told %v", got)
		}
		if got := c.Stats(); got.Reopened != 1 || got.Dropped < 2900 || got.Dropped > 4000 {
			t.Errorf("counted %+v", got)
		}
		if state, err := p.State(); state != StateOpen || err != nil {
			t.Errorf("state %s, %v", state, err)
		}
	})
}

// A card that was never there, or that another program has, is no reason to
// fail; State says what is wrong.
func TestSpeakerThatDoesNotOpen(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*alsatest.System, *alsatest.Card)
		want    string
	}{
		{"missing", func(s *alsatest.System, c *alsatest.Card) { s.Unplug(c) }, `open speaker "Device": no such sound card: no sound card has a speaker`},
		{"busy", func(s *alsatest.System, _ *alsatest.Card) { s.Deny("/dev/snd/pcmC0D0p", unix.EBUSY) }, "another program holds it"},
		{"not allowed", func(s *alsatest.System, _ *alsatest.Card) { s.Deny("/dev/snd/pcmC0D0p", unix.EACCES) }, "group audio"},
		{"does not start", func(s *alsatest.System, _ *alsatest.Card) { s.Fail(alsa.IoctlStart, unix.EIO, -1) }, "START: input/output error"},
		{"is full at once", func(s *alsatest.System, _ *alsatest.Card) { s.Fail(alsa.IoctlWriteI, unix.EIO, -1) }, "WRITEI_FRAMES: input/output error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card := usbCard()
				sys := alsatest.NewSystem(card)
				tt.prepare(sys, card)
				var news changes
				p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "Device", OnChange: news.on})
				playTone(t, p, 440, 0, 300)
				if state, err := p.State(); state != StateMissing || err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("state %s, %v, want %q", state, err, tt.want)
				}
				if got := news.list(); !slices.Equal(got, []string{StateLost}) {
					t.Errorf("told %v, want it once", got)
				}
				if n := sys.OpenFiles(); n != 0 {
					t.Errorf("%d files stay open", n)
				}
			})
		})
	}
}

// A lost card is looked for at least once a second.
func TestSpeakerRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, away := range []time.Duration{300 * time.Millisecond, time.Second, 7 * time.Second} {
			card := usbCard()
			sys := alsatest.NewSystem(card)
			sys.Unplug(card)
			p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto"})
			playTone(t, p, 440, 0, int(away/ChunkTime))
			sys.Plug(card)
			start := time.Now()
			for state, _ := p.State(); state != StateOpen && time.Since(start) < 5*time.Second; state, _ = p.State() {
				playTone(t, p, 440, 0, 1)
			}
			if took := time.Since(start); took > lastReopen+2*ChunkTime {
				t.Errorf("after %v away it was opened %v late", away, took)
			}
		}
	})
}

func TestSpeakerRefusesSettings(t *testing.T) {
	negative := -1
	for _, cfg := range []PlaybackConfig{
		{Playback: "auto", Period: 15 * time.Millisecond},
		{Playback: "auto", Volume: &negative},
		{Playback: "hw:"},
	} {
		if p, err := openPlayback(cfg, alsatest.NewSystem()); err == nil {
			t.Errorf("%+v is taken", cfg)
			p.Close()
		}
	}
}
