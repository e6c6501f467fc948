//go:build e2e

package badinput

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// cameraGroup takes the file away that stands for the camera.
func (l *lab) cameraGroup(t *testing.T) {
	a := l.phone(t, anna)
	t.Run("camera gone", func(t *testing.T) {
		dir := t.TempDir()
		clip := filepath.Join(dir, "clip.h264")
		recording(t, clip)
		write(t, filepath.Join(dir, "intercomd.yaml"), l.goodConfig(dir))
		write(t, filepath.Join(dir, "password"), password(door))
		d := l.startIn(t, dir, "camera.source=file:"+clip)
		d.online(t)
		if err := os.Remove(clip); err != nil {
			t.Fatal(err)
		}
		message := strings.ReplaceAll(a.talkWithoutPicture(t, d, clip), dir, "DIR")
		documented(t, message)
		says(t, "event device: %s", message)
		recording(t, clip)
		a.nothingLost(t, d)
	})
	t.Run("camera that is not there", func(t *testing.T) {
		d := l.start(t, "camera.source=/dev/no-such-camera")
		d.online(t)
		eventually(t, "the status to tell of the camera", func() error {
			if s := d.status(t).Camera; s.State != "missing" || !strings.Contains(s.Error, "/dev/no-such-camera") {
				return fmt.Errorf("%+v", s)
			}
			return nil
		})
		message, advice, _ := strings.Cut(d.status(t).Camera.Error, ": check ")
		if !strings.Contains(advice, "intercomd devices") {
			t.Errorf("the advice is %q", advice)
		}
		documented(t, message)
		says(t, "status: %s", message)
		a.talkWithoutPicture(t, d, "/dev/no-such-camera")
	})
	t.Run("sound card that is not there", func(t *testing.T) {
		d := l.start(t, "audio.playback=no such card")
		d.online(t)
		id, c := a.talk(t, d)
		a.hangUp(t, d, id, c)
	})
	t.Run("microphone gone", func(t *testing.T) {
		d := l.start(t, "audio.capture=file:"+l.tone(t))
		d.online(t)
		if err := os.Remove(l.path("tone.wav")); err != nil {
			t.Fatal(err)
		}
		id, c := a.talk(t, d)
		e := d.event(t, "device", func(rig.DeviceEvent) bool { return true })
		if !strings.Contains(e.Error, "tone.wav") {
			t.Errorf("the event says %q", e.Error)
		}
		a.hangUp(t, d, id, c)
		l.tone(t)
		a.nothingLost(t, d)
		message := strings.ReplaceAll(e.Error, l.dir, "DIR")
		documented(t, message)
		says(t, "event device: %s", message)
	})
}

// talkWithoutPicture has a call with sound, and returns what the device says of
// its camera.
func (p *phone) talkWithoutPicture(t *testing.T, d *device, clip string) string {
	t.Helper()
	d.press(t)
	ring := p.signal(t, call.SignalCall, "")
	e := d.eventOf(t, "device", ring.Session)
	if !strings.Contains(e.Error, clip) {
		t.Errorf("the event says %q, want the file in it", e.Error)
	}
	if s := d.status(t).Camera; s.State != "missing" || !strings.Contains(s.Error, clip) {
		t.Errorf("status of the camera %+v, want missing", s)
	}
	if code, stdout, _ := d.run("status"); code != 0 || !strings.Contains(stdout, "missing") {
		t.Errorf("status: exit code %d: %s", code, stdout)
	}
	c := newConversation(t)
	p.send(call.SignalAccept, ring.Session, c.answer(t, ring.SDP))
	c.hears(t)
	p.hangUp(t, d, ring.Session, c)
	return e.Error
}

// tone writes a quiet second of sound: 16 bit, mono, 48 kHz.
func (l *lab) tone(t *testing.T) string {
	t.Helper()
	const samples = 48000
	header := "RIFF\x24\x77\x01\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\xbb\x00\x00\x00\x77\x01\x00\x02\x00\x10\x00data\x00\x77\x01\x00"
	write(t, l.path("tone.wav"), header+strings.Repeat("\x40\x01", samples))
	return l.path("tone.wav")
}
