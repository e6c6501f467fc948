package provision_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/provision"
	"github.com/intercomd/intercomd/provision/disktest"
	"github.com/intercomd/intercomd/provision/qr"
)

// door is a device in a test: what happens to it while it boots.
type door struct {
	t      *testing.T
	disk   *disktest.Disk
	hold   provision.Hold
	seen   func(n int) (image.Image, error) // the n-th picture, from 0
	taken  int
	shown  []config.Indication
	logged bytes.Buffer
}

// boot runs setup and returns how long that took.
func (d *door) boot(ctx context.Context) time.Duration {
	d.t.Helper()
	ports := quiet()
	ports.Held = func(context.Context, []config.Button, func(provision.Hold)) provision.Hold { return d.hold }
	ports.Show = func(_ []config.Lamp, p config.Indication) { d.shown = append(d.shown, p) }
	ports.Picture = func(ctx context.Context, c config.Camera) (image.Image, error) {
		if c.Source.Kind != config.SourceDevice {
			d.t.Errorf("a picture of %v was asked for", c.Source)
		}
		d.taken++
		time.Sleep(time.Second) // as a camera takes
		return d.seen(d.taken - 1)
	}
	start := time.Now()
	s := provision.New(paths(), d.disk, provision.Owner{UID: 900, GID: 900}, ports, provision.Options{}, slog.New(slog.NewTextHandler(&d.logged, nil)))
	if err := s.Run(ctx); err != nil {
		d.t.Errorf("boot: %v", err)
	}
	return time.Since(start)
}

// codeOf is a picture of a code.
func codeOf(t *testing.T, text string) image.Image {
	t.Helper()
	code, err := qr.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(code.PNG(5)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// after shows nothing n times, then the code and then nothing.
func after(n int, code image.Image) func(int) (image.Image, error) {
	return func(i int) (image.Image, error) {
		if i != n {
			return image.NewGray(image.Rect(0, 0, 32, 24)), nil
		}
		return code, nil
	}
}

const paired = `INTERCOM1:{"quickblox":{"app_id":7,"user_id":104,"password":"from the code"},"xmpp":{"domain":"chat.example.org"},` +
	`"contacts":[{"name":"Anna","user_id":101}],"buttons":[{"name":"front","contacts":["Anna"]}],` +
	`"network":{"wifi":{"ssid":"Home","password":"wifi of the code","country":"DE"}}}`

func TestFirstBootReadsACode(t *testing.T) {
	code := codeOf(t, paired)
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, disk: newDisk("# some notes\nx: y\n"), seen: after(3, code)}
		d.disk.Put(cardConfig, template)
		if took := d.boot(t.Context()); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("took %v", took)
		}
		if got := "INTERCOM1:" + inForce(t, d.disk); got != paired {
			t.Errorf("in force: %s", got)
		}
		if got := d.disk.Text(cardConfig); got != template {
			t.Errorf("the card reads %q", got)
		}
		if !strings.Contains(d.disk.Text("/run/intercom/wpa_supplicant-wlan0.conf"), `psk="wifi of the code"`) {
			t.Error("Wi-Fi is not set up")
		}
		for _, secret := range []string{"from the code", "wifi of the code"} {
			if strings.Contains(d.logged.String(), secret) {
				t.Errorf("the log has %q", secret)
			}
		}
		if took := d.boot(t.Context()); took != 0 || d.taken != 4 {
			t.Errorf("the next boot took %v and %d pictures", took, d.taken-4)
		}
	})
}

// TestCardOfACode has a wrong file on the card while a code is read.
func TestCardOfACode(t *testing.T) {
	code := codeOf(t, paired)
	synctest.Test(t, func(t *testing.T) {
		const wrong = "quickblox: {password: never-stored}\n"
		d := &door{t: t, disk: newDisk(wrong), seen: after(0, code)}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := provision.New(paths(), d.disk, provision.Owner{}, provision.Ports{
			Held: quiet().Held, Show: quiet().Show, Hostname: quiet().Hostname,
			Picture: func(context.Context, config.Camera) (image.Image, error) { return code, nil },
		}, provision.Options{}, slog.New(slog.DiscardHandler))
		if err := s.Run(ctx); err == nil || !strings.Contains(err.Error(), "intercom.yaml") {
			t.Errorf("boot: %v", err)
		}
		d.boot(ctx)
		if got := "INTERCOM1:" + inForce(t, d.disk); got != paired {
			t.Errorf("in force: %s", got)
		}
		if got := d.disk.Text(cardConfig); got != wrong {
			t.Errorf("a file that was never stored was changed: %q", got)
		}
	})
}

func TestFirstBootWaitsForTheCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, disk: newDisk(template)}
		d.seen = func(n int) (image.Image, error) {
			if n == 1 {
				d.disk.Put(cardConfig, house("late"))
			}
			return nil, errors.New(`open camera "auto": there is none`)
		}
		if took := d.boot(t.Context()); took < 5*time.Second || took > 12*time.Second {
			t.Errorf("took %v", took)
		}
		if got := inForce(t, d.disk); got != house("late") {
			t.Errorf("in force:\n%s", got)
		}
		noSecrets(t, d.disk, "late")
		if n := strings.Count(d.logged.String(), "there is none"); n != 1 {
			t.Errorf("the camera's error was logged %d times", n)
		}
	})
}

func TestFirstBootEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		d := &door{t: t, disk: newDisk(template), seen: after(1e9, nil)}
		if took := d.boot(ctx); took < time.Hour || took > time.Hour+2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// configured is a disk whose card was taken over.
func configured(t *testing.T) *disktest.Disk {
	t.Helper()
	disk := newDisk(house("old"))
	if err := boot(disk); err != nil {
		t.Fatal(err)
	}
	return disk
}

// TestConfiguredDeviceTakesNoPictures proves that only a held button opens the
// camera of a device that has a configuration.
func TestConfiguredDeviceTakesNoPictures(t *testing.T) {
	code := codeOf(t, paired)
	for hold, pictures := range map[provision.Hold]int{provision.HoldNothing: 0, provision.HoldStuck: 0, provision.HoldPair: 1} {
		synctest.Test(t, func(t *testing.T) {
			d := &door{t: t, disk: configured(t), hold: hold, seen: after(0, code)}
			d.boot(t.Context())
			if d.taken != pictures {
				t.Errorf("%s: %d pictures", hold, d.taken)
			}
			if now := inForce(t, d.disk); (now == house("old")) != (pictures == 0) {
				t.Errorf("%s: in force:\n%s", hold, now)
			}
		})
	}
}

func TestHeldButtonEndsAfterPairTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, disk: configured(t), hold: provision.HoldPair, seen: after(1e9, nil)}
		if took := d.boot(t.Context()); took < provision.PairTime || took > provision.PairTime+2*time.Second {
			t.Errorf("took %v", took)
		}
		if got := inForce(t, d.disk); got != house("old") {
			t.Errorf("in force:\n%s", got)
		}
		if len(d.shown) == 0 || d.shown[len(d.shown)-1] != config.ShowIdle || !strings.Contains(d.logged.String(), "the configuration stays") {
			t.Errorf("the lamps showed %v, the log says\n%s", d.shown, d.logged.String())
		}
	})
}

func TestHeldButtonReadsWiFi(t *testing.T) {
	code := codeOf(t, `WIFI:T:WPA;S:New\;net;P:another secret;H:true;;`)
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, disk: configured(t), hold: provision.HoldPair, seen: after(0, code)}
		d.boot(t.Context())
		d.hold = provision.HoldNothing
		d.boot(t.Context()) // what is on the card is no news
		cfg, _, err := config.Read("stored", []byte(inForce(t, d.disk)), "/", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		w := cfg.Network.WiFi
		if w.SSID != "New;net" || w.Password.Reveal() != "another secret" || !w.Hidden || w.Country != "DE" {
			t.Errorf("Wi-Fi is %+v", w)
		}
		if cfg.QuickBlox.Password.Reveal() != "old" || cfg.Device.Name != "old" {
			t.Errorf("the rest is %+v", cfg.QuickBlox)
		}
	})
}

func TestHeldButtonReadsOpenWiFi(t *testing.T) {
	code := codeOf(t, `WIFI:S:Cafe;T:nopass;P:;;`)
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, disk: configured(t), hold: provision.HoldPair, seen: after(0, code)}
		d.boot(t.Context())
		if got := d.disk.Text("/run/intercom/wpa_supplicant-wlan0.conf"); !strings.Contains(got, "\tssid=43616665\n\tkey_mgmt=NONE\n") {
			t.Errorf("set up:\n%s", got)
		}
	})
}

func TestButtonResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, disk: configured(t), hold: provision.HoldReset, seen: after(1e9, nil)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d.boot(ctx)
		if got := inForce(t, d.disk); got != "" {
			t.Errorf("in force:\n%s", got)
		}
		if got := d.disk.Text(cardConfig); got != template {
			t.Errorf("the card reads %q", got)
		}
	})
}

// TestButtonSetupOff holds the button of a device that takes neither a QR code
// nor a reset from it, until its card allows it again.
func TestButtonSetupOff(t *testing.T) {
	code := codeOf(t, paired)
	closed := house("old") + "system: {button_setup: false}\n"
	for _, hold := range []provision.Hold{provision.HoldPair, provision.HoldReset} {
		synctest.Test(t, func(t *testing.T) {
			d := &door{t: t, disk: newDisk(closed), hold: provision.HoldNothing, seen: after(0, code)}
			d.boot(t.Context())
			d.hold = hold
			if took := d.boot(t.Context()); took != 0 || d.taken != 0 || len(d.shown) != 0 {
				t.Fatalf("%s: took %v and %d pictures, the lamps showed %v", hold, took, d.taken, d.shown)
			}
			if got := inForce(t, d.disk); got != closed {
				t.Errorf("%s: in force:\n%s", hold, got)
			}
			d.disk.Put("/bootcfg/factory-reset", "")
			d.hold = provision.HoldNothing
			d.boot(t.Context())
			if got := "INTERCOM1:" + inForce(t, d.disk); got != paired {
				t.Errorf("%s: after a reset by the card, in force:\n%s", hold, got)
			}
		})
	}
}

// TestCodesThatAreRefused shows codes to a device in turn; none may change it.
func TestCodesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.org":               "not a code of intercomd provision",
		`INTERCOM1:{"quickblox":`:           "is damaged",
		`INTERCOM1:[1]`:                     "is damaged",
		`INTERCOM1:{"device":{"name":"x"}}`: "quickblox.app_id",
		`INTERCOM1:{"quickblok":{}}`:        "quickblok",
		`WIFI:T:WEP;S:a;P:b;;`:              "WEP are not supported",
		`WIFI:T:WPA2-EAP;S:a;P:b;;`:         "WPA2-EAP are not supported",
		`WIFI:T:WPA;S:net;P:;;`:             "names no password for a network with WPA",
		`WIFI:T:SAE;S:net;;`:                "names no password for a network with SAE",
		`WIFI:T:WPA;P:12345678;;`:           "names no network",
		`WIFI:T:WPA;S:net;P:short;;`:        "network.wifi.password",
		`WIFI:T:WPA;S:net`:                  "has no ';' at its end",
		`WIFI:S:a;S:b;;`:                    "given twice",
		`WIFI:nothing`:                      "has no ':'",
		strings.Replace(paired, "from the code", "(stored)", 1):                                     "(stored)",
		strings.Replace(paired, `"password":"from the code"`, `"password_file":"a.txt"`, 1):         "a.txt",
		strings.Replace(paired, `"password":"from the code"`, `"password_file":"/etc/hostname"`, 1): "quickblox.password_file names a file",
	} {
		code := codeOf(t, text)
		synctest.Test(t, func(t *testing.T) {
			d := &door{t: t, disk: configured(t), hold: provision.HoldPair, seen: after(0, code)}
			d.boot(t.Context())
			if got := inForce(t, d.disk); got != house("old") {
				t.Errorf("%s: in force:\n%s", text, got)
			}
			if !strings.Contains(d.logged.String(), want) {
				t.Errorf("%s: the log says\n%s", text, d.logged.String())
			}
		})
	}
}

func TestWiFiCodeNeedsAConfiguration(t *testing.T) {
	code := codeOf(t, "WIFI:T:WPA;S:net;P:12345678;;")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		d := &door{t: t, disk: newDisk(template), seen: after(0, code)}
		d.boot(ctx)
		if got := inForce(t, d.disk); got != "" || !strings.Contains(d.logged.String(), "for Wi-Fi only") {
			t.Errorf("in force: %s; the log says\n%s", got, d.logged.String())
		}
	})
}
