package main

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
)

func setupPress(*pflag.FlagSet) action {
	return func(ctx context.Context, c *cli, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		return client.Press(ctx, args[0])
	}
}

func setupRelay(*pflag.FlagSet) action {
	return func(ctx context.Context, c *cli, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		return client.Relay(ctx, args[0])
	}
}

func setupCall(fs *pflag.FlagSet) action {
	audio := fs.Bool("audio", false, "call without a picture")
	conference := fs.Bool("conference", false, "one call that all join")
	bandwidth := fs.Uint32("bandwidth", 0, "limit of video in `kbit/s`; 0 is none")
	ext := addExt(fs)
	return func(ctx context.Context, c *cli, args []string) error {
		extension, err := parsePairs(*ext)
		if err != nil {
			return err
		}
		r := intercom.CallRequest{
			Users: args, Conference: *conference, Bandwidth: int(*bandwidth), Extension: extension,
		}
		if *audio {
			r.CallType = call.Audio.String()
		}
		client, err := c.client()
		if err != nil {
			return err
		}
		ids, err := client.Call(ctx, r)
		for _, id := range ids {
			fmt.Fprintln(c.stdout, harmless(string(id), ""))
		}
		return err
	}
}

// setupExtended makes accept, reject and stop: [SESSION] and --ext.
func setupExtended(verb string) func(*pflag.FlagSet) action {
	return func(fs *pflag.FlagSet) action {
		ext := addExt(fs)
		return func(ctx context.Context, c *cli, args []string) error {
			extension, err := parsePairs(*ext)
			if err != nil {
				return err
			}
			return c.do(ctx, verb, intercom.SessionRequest{Session: optionalSession(args), Extension: extension})
		}
	}
}

func setupUpdate(*pflag.FlagSet) action {
	return func(ctx context.Context, c *cli, args []string) error {
		extension, err := parsePairs(args[1:])
		if err != nil {
			return err
		}
		r := intercom.SessionRequest{Session: call.SessionID(args[0]), Extension: extension}
		return c.do(ctx, control.VerbUpdate, r)
	}
}

// setupMute makes mute and unmute: [SESSION] and --video.
func setupMute(verb string) func(*pflag.FlagSet) action {
	return func(fs *pflag.FlagSet) action {
		video := fs.Bool("video", false, "the picture instead of the sound")
		return func(ctx context.Context, c *cli, args []string) error {
			r := intercom.SessionRequest{Session: optionalSession(args), Kind: call.KindAudio}
			if *video {
				r.Kind = call.KindVideo
			}
			return c.do(ctx, verb, r)
		}
	}
}

func (c *cli) do(ctx context.Context, verb string, r intercom.SessionRequest) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Do(ctx, verb, r)
}

func addExt(fs *pflag.FlagSet) *[]string {
	return fs.StringArray("ext", nil, "own `key=value` to send along; may be repeated")
}

func optionalSession(args []string) call.SessionID {
	if len(args) == 0 {
		return ""
	}
	return call.SessionID(args[0])
}
