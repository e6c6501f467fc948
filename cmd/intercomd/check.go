package main

import (
	"errors"
	"fmt"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
)

// checkConfig loads a configuration and prints every problem of it, a line for
// each, and every warning.
func checkConfig(c *cli, path string, overrides map[string]string) error {
	cfg, warnings, err := config.Load(path, c.environ, overrides)
	for _, w := range warnings {
		fmt.Fprintf(c.stderr, "warning: %s\n", harmless(w.String(), ""))
	}
	var wrong *config.Error
	if errors.As(err, &wrong) {
		for _, p := range wrong.Problems {
			fmt.Fprintln(c.stderr, harmless(p.String(), ""))
		}
		return fmt.Errorf("%s has %s", path, count(len(wrong.Problems), "problem"))
	}
	if err != nil {
		return err
	}
	if problems := append(checkMedia(cfg), checkKeys(cfg)...); len(problems) > 0 {
		for _, p := range problems {
			fmt.Fprintln(c.stderr, harmless(p.Error(), ""))
		}
		return fmt.Errorf("%s has %s", path, count(len(problems), "problem"))
	}
	_, err = fmt.Fprintf(c.stdout, "%s is good\n", path)
	return err
}

// checkMedia reads the files that stand for camera and microphone. Errors name
// the key.
func checkMedia(cfg *config.Config) (failed []error) {
	if s := cfg.Camera.Source; s.Kind == config.SourceFile {
		if err := camera.Check(s.String()); err != nil {
			failed = append(failed, fmt.Errorf("camera.source: %w", err))
		}
	}
	if s := cfg.Audio.Capture; s.Kind == config.SourceFile {
		if err := audio.Check(s.String()); err != nil {
			failed = append(failed, fmt.Errorf("audio.capture: %w", err))
		}
	}
	return failed
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
