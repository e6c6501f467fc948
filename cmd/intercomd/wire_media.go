package main

import (
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
	speaker            *speaker

	captured, played *audio.Counters
}

func (p *mediaParts) presences() []*presence {
	var all []*presence
	for _, one := range []*presence{p.camera, p.microphone} {
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
	d.parts.captured, d.parts.played = new(audio.Counters), new(audio.Counters)
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
	id, unregister, err := camera.Register(camera.Config{
		Source: c.Source.String(), Width: c.Width, Height: c.Height, FPS: c.FPS,
	})
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
	log := d.log.With("part", "speaker")
	d.parts.speaker = newSpeaker(func() (audio.Playback, error) {
		return audio.OpenPlayback(audio.PlaybackConfig{
			Playback: c.Playback.String(), Volume: c.PlaybackVolume, Period: c.Period,
			Duplex: duplex, Counters: d.parts.played, Log: log,
			OnChange: func(state string, err error) { d.device.DeviceChanged(intercom.PartSpeaker, state, err) },
		})
	}, log)
	d.cleanup = append(d.cleanup, d.parts.speaker.close)
	return d.parts.speaker
}

func (d *daemon) cameraStatus() intercom.DeviceStatus {
	return captureStatus(d.cfg.Camera.Source, d.engine.CameraState, d.parts.camera)
}

func (d *daemon) microphoneStatus() intercom.DeviceStatus {
	s := captureStatus(d.cfg.Audio.Capture, d.engine.AudioState, d.parts.microphone)
	s.Counters = soundCounters(d.parts.captured.Stats())
	return s
}

func (d *daemon) playbackStatus() intercom.DeviceStatus {
	s := d.parts.speaker.status(d.cfg.Audio.Playback.String())
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
	out := map[string]float64{
		"xruns": float64(s.Xruns), "suspends": float64(s.Suspends), "reopened": float64(s.Reopened),
		"dropped_ms": float64(s.Dropped), "drift_ppm": s.DriftPPM, "delay_ms": s.DelayMS,
	}
	for name, n := range out {
		if n == 0 {
			delete(out, name)
		}
	}
	return out
}
