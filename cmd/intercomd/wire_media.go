package main

import (
	"maps"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/media"
)

// mediaParts are camera, microphone and speaker.
type mediaParts struct {
	camera, microphone *presence // nil for none
	card               *presence // of the speaker; nil if it is none of the kernel's
	speaker            *speaker

	filmed           *camera.Counters
	captured, played *audio.Counters
}

func (p *mediaParts) presences() []*presence {
	var all []*presence
	for _, one := range []*presence{p.camera, p.microphone, p.card} {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

// wireMedia makes the devices known and the engine that uses them. A device
// that cannot be had is no error.
func (d *daemon) wireMedia() error {
	c := d.cfg
	mc := media.Config{
		Width: c.Camera.Width, Height: c.Camera.Height, FPS: c.Camera.FPS, Bitrate: c.Camera.Bitrate,
		OnDevice: func(kind call.Kind, state string, err error) { d.device.DeviceChanged(partOf(kind), state, err) },
	}
	d.parts.filmed, d.parts.captured, d.parts.played = new(camera.Counters), new(audio.Counters), new(audio.Counters)
	duplex := audio.NewDuplex()
	mc.VideoDevice = d.registerCamera(c.Camera)
	mc.AudioDevice = d.registerMicrophone(c.Audio, duplex)
	mc.Speaker = d.openSpeaker(c.Audio, duplex)
	for _, s := range c.WebRTC.ICEServers {
		mc.ICEServers = append(mc.ICEServers, media.ICEServer{URLs: s.URLs, Username: s.Username, Password: s.Password.Reveal()})
	}
	var err error
	d.engine, err = media.NewEngine(mc, d.log.With("part", "media"))
	return err
}

// partOf is what the people in a call are told of a device by.
func partOf(kind call.Kind) string {
	if kind == call.KindVideo {
		return intercom.PartCamera
	}
	return intercom.PartMicrophone
}

// registerCamera returns the id of the camera, "" if there is none.
func (d *daemon) registerCamera(c config.Camera) (id string) {
	if c.Source.Kind == config.SourceNone {
		return ""
	}
	d.parts.camera = cameraPresence(c.Source, d.log)
	cc := cameraOf(c)
	cc.Counters, cc.Log = d.parts.filmed, d.log.With("part", "camera")
	id, unregister, err := camera.Register(cc)
	return d.registered(d.parts.camera, id, unregister, err)
}

// registerMicrophone returns the id of the microphone, "" if there is none.
func (d *daemon) registerMicrophone(c config.Audio, duplex *audio.Duplex) (id string) {
	if c.Capture.Kind == config.SourceNone {
		return ""
	}
	d.parts.microphone = microphonePresence(c.Capture, d.log)
	id, unregister, err := audio.Register(audio.Config{
		Capture: c.Capture.String(), CaptureVolume: c.CaptureVolume, Period: c.Period,
		Duplex: duplex, Counters: d.parts.captured, Log: d.log.With("part", "microphone"),
	})
	return d.registered(d.parts.microphone, id, unregister, err)
}

// registered notes how the registration of a device went: one that failed says
// so in the status from then on.
func (d *daemon) registered(p *presence, id string, unregister func(), err error) string {
	if err != nil {
		p.check = func() error { return err }
		return ""
	}
	d.cleanup = append(d.cleanup, unregister)
	return id
}

func (d *daemon) openSpeaker(c config.Audio, duplex *audio.Duplex) *speaker {
	if c.Playback.Kind == config.SourceDevice {
		plays := func() bool { return d.parts.speaker.status("").State == intercom.DeviceOpen }
		d.parts.card = speakerPresence(c.Playback, plays, d.log)
	}
	log := d.log.With("part", "speaker")
	d.parts.speaker = newSpeaker(func() (audio.Playback, error) {
		return audio.OpenPlayback(audio.PlaybackConfig{
			Playback: c.Playback.String(), Volume: c.PlaybackVolume, Period: c.Period,
			Duplex: duplex, Counters: d.parts.played, Log: log,
			OnChange: d.speakerChanged,
		})
	}, log)
	d.cleanup = append(d.cleanup, d.parts.speaker.close)
	return d.parts.speaker
}

// speakerChanged is told by the speaker that its card is lost or back. A lost
// one is looked for from then on, as nothing else opens it before the next tone.
func (d *daemon) speakerChanged(state string, err error) {
	if d.parts.card != nil {
		d.parts.card.used()
	}
	d.device.DeviceChanged(intercom.PartSpeaker, state, err)
}

func (d *daemon) cameraStatus() intercom.DeviceStatus {
	s := captureStatus(d.cfg.Camera.Source, d.engine.CameraState, d.parts.camera)
	filmed := d.parts.filmed.Stats()
	s.Route, s.Counters = filmed.Route, cameraCounters(filmed)
	return s
}

func (d *daemon) microphoneStatus() intercom.DeviceStatus {
	s := captureStatus(d.cfg.Audio.Capture, d.engine.AudioState, d.parts.microphone)
	s.Counters = soundCounters(d.parts.captured.Stats())
	return s
}

// playbackStatus believes a speaker that plays; it opens its card for tones too.
func (d *daemon) playbackStatus() intercom.DeviceStatus {
	s := d.parts.speaker.status(d.cfg.Audio.Playback.String())
	if d.parts.card != nil {
		s = d.parts.card.correct(s)
	}
	s.Counters = soundCounters(d.parts.played.Stats())
	return s
}

// captureStatus joins what the engine knows of a device with what is known
// while nobody uses it.
func captureStatus(source config.Source, state func() (string, error), unused *presence) intercom.DeviceStatus {
	s, err := state()
	out := intercom.DeviceStatus{Source: source.String(), State: s}
	if err != nil {
		out.Error = err.Error()
	}
	if unused == nil {
		return out
	}
	return unused.correct(out)
}

// soundCounters are those of a sound card that has been used.
func soundCounters(s audio.Stats) map[string]float64 {
	return counted(map[string]float64{
		"xruns": float64(s.Xruns), "suspends": float64(s.Suspends), "reopened": float64(s.Reopened),
		"dropped_ms": float64(s.Dropped), "drift_ppm": s.DriftPPM, "delay_ms": s.DelayMS,
	})
}

// cameraCounters are those of a camera that has been used.
func cameraCounters(s camera.Stats) map[string]float64 {
	return counted(map[string]float64{
		"frames": float64(s.Frames), "dropped": float64(s.Dropped), "damaged": float64(s.Damaged),
		"copies": float64(s.Copies), "imports": float64(s.Imports), "bytes": float64(s.Bytes), "raw": float64(s.Raw),
		"key_frames": float64(s.KeyFrames), "key_frames_forced": float64(s.KeyForced),
		"bitrate_changes": float64(s.BitrateChanges), "opened": float64(s.Opened),
		"reopened": float64(s.Reopened), "fallbacks": float64(s.Fallbacks),
	})
}

// counted leaves out what is zero.
func counted(all map[string]float64) map[string]float64 {
	maps.DeleteFunc(all, func(_ string, n float64) bool { return n == 0 })
	return all
}
