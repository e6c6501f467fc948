package rig

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// measured is a measurement with so many pictures and a 440 Hz tone of a level.
func measured(decoded, changes, brightness int, level, above float64) Media {
	m := Media{User: DeviceUser}
	m.Video.Decoded, m.Video.Changes, m.Video.Brightness = decoded, changes, brightness
	m.Audio.Tones = map[string]ToneLevel{"440": {Level: level, Above: above}}
	return m
}

// replay reports a measurement a second and returns what the check says within
// a minute.
func replay(t *testing.T, all []Media, check func(context.Context, *Page) error) error {
	var result error
	synctest.Test(t, func(t *testing.T) {
		p := newPage("anna", newDriver(nil))
		p.media.Set(DeviceUser, all[0])
		go func() {
			for _, m := range all[1:] {
				time.Sleep(time.Second)
				p.media.Set(DeviceUser, m)
			}
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		result = check(ctx, p)
	})
	return result
}

func TestSeesWantsNewMovingBrightPictures(t *testing.T) {
	sees := func(ctx context.Context, p *Page) error {
		_, err := p.Sees(ctx, DeviceUser)
		return err
	}
	tests := []struct {
		name string
		all  []Media
		want error
	}{
		{"moving", []Media{measured(0, 0, 0, 0, 0), measured(5, 5, 99, 0, 0)}, nil},
		{"only what was there before", []Media{measured(50, 50, 99, 0, 0), measured(51, 51, 99, 0, 0)}, context.DeadlineExceeded},
		{"frozen", []Media{measured(10, 1, 99, 0, 0), measured(90, 1, 99, 0, 0)}, context.DeadlineExceeded},
		{"black", []Media{measured(0, 0, 0, 0, 0), measured(90, 90, 3, 0, 0)}, context.DeadlineExceeded},
		{"late", []Media{measured(0, 0, 0, 0, 0), measured(2, 2, 99, 0, 0), measured(4, 4, 99, 0, 0), measured(6, 6, 99, 0, 0)}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := replay(t, test.all, sees); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestHearsWantsAToneThatStandsOut(t *testing.T) {
	hears := func(hertz int) func(context.Context, *Page) error {
		return func(ctx context.Context, p *Page) error {
			_, err := p.Hears(ctx, DeviceUser, hertz)
			return err
		}
	}
	loud, noise, quiet := measured(0, 0, 0, -20, 50), measured(0, 0, 0, -20, 3), measured(0, 0, 0, -90, 50)
	tests := []struct {
		name  string
		hertz int
		all   []Media
		want  error
	}{
		{"loud", 440, []Media{quiet, loud}, nil},
		{"loud only before", 440, []Media{loud, quiet}, context.DeadlineExceeded},
		{"noise", 440, []Media{quiet, noise}, context.DeadlineExceeded},
		{"quiet", 440, []Media{quiet, quiet}, context.DeadlineExceeded},
		{"another tone", 880, []Media{loud, loud}, context.DeadlineExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := replay(t, test.all, hears(test.hertz)); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
	silence := func(ctx context.Context, p *Page) error {
		_, err := p.HearsNothing(ctx, DeviceUser, 440)
		return err
	}
	if err := replay(t, []Media{quiet, loud, quiet}, silence); err != nil {
		t.Errorf("the end of a tone: %v", err)
	}
	if err := replay(t, []Media{quiet, loud, loud}, silence); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a tone that goes on: %v, want a deadline", err)
	}
}
