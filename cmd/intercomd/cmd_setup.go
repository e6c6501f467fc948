package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/provision"
)

// passwdFile lists the users of the system (passwd(5)).
const passwdFile = "/etc/passwd"

// setupOptions is the command line of setup.
type setupOptions struct {
	paths  provision.Paths
	user   string
	passwd string
	noQR   bool

	hostname func(name string) error
}

func setupSetup(fs *pflag.FlagSet) action {
	o := setupOptions{passwd: passwdFile, hostname: setHostname}
	fs.StringVar(&o.paths.Card, "card", "/bootcfg", "`folder` where the card's FAT partition is mounted")
	fs.StringVar(&o.paths.Data, "data", "/data", "`folder` of what survives updates")
	fs.StringVar(&o.paths.Run, "run", "/run", "`folder` of the system's settings of this boot")
	fs.StringVar(&o.paths.Template, "template", "/usr/share/intercomd/intercom.yaml", "`file` for the card after a factory reset")
	fs.StringVar(&o.user, "user", "intercom", "`user` that the daemon runs as")
	fs.BoolVar(&o.noQR, "no-qr", false, "neither look for QR codes nor wait for a configuration")
	return func(ctx context.Context, c *cli, args []string) error {
		if len(args) > 0 {
			return usagef("too many arguments")
		}
		if err := onImage(o.paths); err != nil {
			return err
		}
		runSetup(ctx, c.stderr, o)
		return nil
	}
}

// onImage fails on a machine that is no image: whoever tries setup there would
// lose its network settings and its name.
func onImage(paths provision.Paths) error {
	for _, folder := range []string{paths.Card, paths.Data} {
		info, err := os.Stat(folder)
		if err == nil && !info.IsDir() {
			err = errors.New("it is no folder")
		}
		if err != nil {
			return fmt.Errorf("set up this machine: %w; setup is for the image of a board, which has %s and %s",
				err, paths.Card, paths.Data)
		}
	}
	return nil
}

// runSetup sets the device up. Nothing that goes wrong is a failure of the
// command, because the system has to start all the same; it is in the log.
func runSetup(ctx context.Context, stderr io.Writer, o setupOptions) {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	daemon, err := findUser(o.passwd, o.user)
	if err != nil {
		log.Error("what is stored will belong to root", "err", err)
	}
	lamps := newLampRunner(ctx, nil, log)
	defer lamps.stop()
	ports := provision.Ports{
		Held: func(ctx context.Context, buttons []config.Button, tell func(provision.Hold)) provision.Hold {
			return heldAtStart(ctx, nil, buttons, tell, log)
		},
		Picture: func(ctx context.Context, c config.Camera) (image.Image, error) {
			img, _, err := camera.Snapshot(ctx, cameraOf(c))
			return img, err
		},
		Show:     lamps.show,
		Hostname: o.hostname,
	}
	options := provision.Options{NoQR: o.noQR}
	if err := provision.New(o.paths, provision.NewDisk(), daemon, ports, options, log).Run(ctx); err != nil {
		log.Warn("the device starts with what it has")
		return
	}
	log.Info("set up")
}

// setHostname names the machine, for root. For anybody else, who tries setup
// out, it changes nothing.
func setHostname(name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	if now, err := os.Hostname(); err == nil && now == name {
		return nil
	}
	return unix.Sethostname([]byte(name))
}

// findUser looks a user up in a file like passwd(5). It does not ask the
// system's resolver, which a static binary cannot load.
func findUser(file, name string) (provision.Owner, error) {
	f, err := os.Open(file)
	if err != nil {
		return provision.Owner{}, fmt.Errorf("look up user %q: %w", name, err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 4 || fields[0] != name {
			continue
		}
		uid, uidErr := strconv.ParseUint(fields[2], 10, 31)
		gid, gidErr := strconv.ParseUint(fields[3], 10, 31)
		if uidErr != nil || gidErr != nil {
			return provision.Owner{}, fmt.Errorf("look up user %q: the line in %s is damaged", name, file)
		}
		return provision.Owner{UID: int(uid), GID: int(gid)}, nil
	}
	if err := lines.Err(); err != nil {
		return provision.Owner{}, fmt.Errorf("look up user %q: %w", name, err)
	}
	return provision.Owner{}, fmt.Errorf("look up user %q: %s has none of that name", name, file)
}
