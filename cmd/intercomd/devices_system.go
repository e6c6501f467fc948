package main

import (
	"errors"
	"fmt"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/hw/gpio"
)

// systemSurveyor asks the drivers of the kernel.
func systemSurveyor() surveyor {
	return surveyor{video: listVideo, picture: explainCamera, sound: audio.List, chips: gpio.List, inputs: gpio.ListInputs}
}

func listVideo() ([]cameraEntry, []codecEntry, error) {
	cameras, err := camera.List()
	var entries []cameraEntry
	for _, c := range cameras {
		e := cameraEntry{Path: c.Path, Link: c.Link, Name: c.Name, Driver: c.Driver, Bus: c.Bus, Kind: c.Kind, Formats: []formatEntry{}}
		for _, f := range c.Formats {
			e.Formats = append(e.Formats, formatEntry{Format: f.FourCC, Sizes: sizesOf(f)})
		}
		entries = append(entries, e)
	}
	found, codecErr := camera.Encoders()
	if err != nil {
		codecErr = nil // the same nodes could not be asked
	}
	var codecs []codecEntry
	for _, c := range found {
		codecs = append(codecs, codecEntry{Path: c.Path, Name: c.Name, Role: c.Role, Takes: c.Takes, Makes: c.Makes})
	}
	return entries, codecs, errors.Join(err, codecErr)
}

func sizesOf(f camera.Format) []sizeEntry {
	sizes := []sizeEntry{}
	for _, s := range f.Sizes {
		e := sizeEntry{Width: s.Width, Height: s.Height, Rates: s.Rates}
		if s.MaxWidth > s.Width || s.MaxHeight > s.Height {
			e.MaxWidth, e.MaxHeight = s.MaxWidth, s.MaxHeight
		}
		sizes = append(sizes, e)
	}
	return sizes
}

// explainCamera tells which way a configuration would take.
func explainCamera(c config.Camera) pictureEntry {
	e := pictureEntry{
		Source: c.Source.String(), Wanted: fmt.Sprintf("%dx%d at %d/s", c.Width, c.Height, c.FPS),
		Steps: []string{}, Reasons: []string{},
	}
	choice, err := camera.Explain(cameraOf(c))
	if err != nil {
		e.Error = err.Error()
		return e
	}
	e.Kind, e.Warning, e.Else = choice.Kind, choice.Warning, choice.Fallbacks
	e.Steps, e.Reasons = append(e.Steps, choice.Steps...), append(e.Reasons, choice.Reasons...)
	return e
}

// cameraOf is a camera in the words of package camera.
func cameraOf(c config.Camera) camera.Config {
	return camera.Config{
		Source: c.Source.String(), Width: c.Width, Height: c.Height, FPS: c.FPS, Bitrate: c.Bitrate,
		Rotation: c.Rotation, Mirror: c.Mirror,
		Exposure: c.Exposure, Brightness: c.Brightness, PowerLine: c.PowerLine,
	}
}
