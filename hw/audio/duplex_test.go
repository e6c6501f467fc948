package audio

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

// Microphone and speaker of a card are linked while both run, in whatever order
// they start, and one ends without the other.
func TestDuplexLinks(t *testing.T) {
	for _, micFirst := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			card := usbCard()
			sys, d := alsatest.NewSystem(card), NewDuplex()
			p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto", Duplex: d})
			if !micFirst {
				playTone(t, p, 440, 0, 5)
			}
			a, r := openMic(t, sys, Config{Capture: "auto", Duplex: d})
			if micFirst {
				playTone(t, p, 440, 0, 5)
			}
			if !card.Linked() {
				t.Error("not linked")
			}
			listen(t, r, 5)
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			playTone(t, p, 440, 5, 5)
			if card.Linked() || card.State(alsa.StreamPlayback) != alsa.StateRunning {
				t.Errorf("the speaker is %v after the microphone's end", card.State(alsa.StreamPlayback))
			}
		})
	}
}

// When the speaker closes after its idle time, the microphone goes on.
func TestDuplexOutlivesSpeaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys, d := alsatest.NewSystem(card), NewDuplex()
		var c Counters
		_, r := openMic(t, sys, Config{Capture: "auto", Duplex: d, Counters: &c})
		p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto", Duplex: d})
		if err := p.WritePCM(make([]int16, ChunkSize)); err != nil {
			t.Fatal(err)
		}
		listen(t, r, 10)
		if !card.Linked() {
			t.Error("not linked")
		}
		listen(t, r, 200)
		if card.Linked() || card.State(alsa.StreamCapture) != alsa.StateRunning {
			t.Errorf("the microphone is %v", card.State(alsa.StreamCapture))
		}
		if got := c.Stats(); got.Xruns != 0 || got.Dropped != 0 {
			t.Errorf("counted %+v", got)
		}
	})
}

// Linked directions stop together, and go on together.
func TestDuplexRecovers(t *testing.T) {
	for _, cut := range []func(*alsatest.Card){
		func(c *alsatest.Card) { c.Xrun(alsa.StreamCapture) },
		func(c *alsatest.Card) { c.Xrun(alsa.StreamPlayback) },
		(*alsatest.Card).Suspend,
	} {
		synctest.Test(t, func(t *testing.T) {
			card := usbCard()
			card.Speak = speakTone(300)
			sys, d := alsatest.NewSystem(card), NewDuplex()
			p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto", Duplex: d})
			_, r := openMic(t, sys, Config{Capture: "auto", Duplex: d})
			var heard []int16
			both := func(from, n int) {
				done := make(chan struct{})
				go func() {
					defer close(done)
					playTone(t, p, 440, from, n)
				}()
				heard = listen(t, r, n)
				<-done
			}
			both(0, 50)
			cut(card)
			both(50, 100)
			if !card.Linked() {
				t.Error("the link is lost")
			}
			if _, snr := sineSNR(heard[72000:], SampleRate, 300); snr < 40 {
				t.Errorf("the microphone's tone is %.1f dB above the rest", snr)
			}
			played := card.Heard()
			if level, snr := sineSNR(played[len(played)-2400:], SampleRate, 440); math.Abs(level+6.02) > 0.1 || snr < 40 {
				t.Errorf("the speaker's tone has %.1f dBFS, %.1f dB above the rest", level, snr)
			}
		})
	}
}

// A microphone that is open and not read does not disturb the speaker, and is
// linked again when it is read.
func TestDuplexWithIdleMicrophone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys, d := alsatest.NewSystem(card), NewDuplex()
		var c Counters
		_, r := openMic(t, sys, Config{Capture: "auto", Duplex: d})
		p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto", Duplex: d, Counters: &c})
		playTone(t, p, 440, 0, 250)
		if got := c.Stats(); got.Xruns > 1 {
			t.Errorf("counted %+v", got)
		}
		heard := card.Heard()
		if _, snr := sineSNR(heard[len(heard)-2400:], SampleRate, 440); snr < 40 {
			t.Errorf("the speaker's tone is %.1f dB above the rest", snr)
		}
		listen(t, r, 10)
		playTone(t, p, 440, 250, 5)
		if !card.Linked() {
			t.Error("not linked again")
		}
	})
}

// A driver that cannot link is used as it is, and the log says so.
func TestDuplexWithoutLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys, d := alsatest.NewSystem(card), NewDuplex()
		sys.Fail(alsa.IoctlLink, unix.ENOSYS, -1)
		var log bytes.Buffer
		p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto", Duplex: d})
		playTone(t, p, 440, 0, 5)
		_, r := openMic(t, sys, Config{Capture: "auto", Duplex: d, Log: logTo(&log)})
		card.Xrun(alsa.StreamCapture)
		listen(t, r, 5)
		playTone(t, p, 440, 5, 5)
		if !strings.Contains(log.String(), "run unlinked") || !strings.Contains(log.String(), "function not implemented") {
			t.Errorf("the log does not say that linking failed:\n%s", log.String())
		}
		if card.State(alsa.StreamPlayback) != alsa.StateRunning || card.State(alsa.StreamCapture) != alsa.StateRunning {
			t.Error("they do not run")
		}
	})
}

// Different cards are not linked.
func TestDuplexOfTwoCards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mic, speaker := usbCard(), usbCard()
		mic.NoPlayback, speaker.NoCapture, speaker.Number = true, true, 1
		sys, d := alsatest.NewSystem(mic, speaker), NewDuplex()
		p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto", Duplex: d})
		playTone(t, p, 440, 0, 5)
		_, r := openMic(t, sys, Config{Capture: "auto", Duplex: d})
		listen(t, r, 5)
		if speaker.Linked() {
			t.Error("linked")
		}
		time.Sleep(time.Second)
		sys.Unplug(speaker)
		listen(t, r, 5)
	})
}
