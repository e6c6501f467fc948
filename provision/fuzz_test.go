package provision_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/provision"
)

// FuzzCard puts anything on the card of a device that is set up: what is in
// force afterwards can be read and kept, and is what was there or on the card.
func FuzzCard(f *testing.F) {
	f.Add(house("new"))
	f.Add(strings.ReplaceAll(house("old"), "password: old", "password: (stored)"))
	f.Add("\ufeff" + strings.ReplaceAll(house("new"), "\n", "\r\n"))
	f.Add(paired[len(provision.PayloadPrefix):])
	f.Add("a: &a [*a]\n---\n")
	disk := newDisk(house("old"))
	if err := boot(disk); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, card string) {
		d := disk.Reboot(0, nil)
		d.Put(cardConfig, card)
		err := boot(d)
		now := inForce(t, d)
		if _, _, wrong := config.Read("stored", []byte(now), "/nowhere", nil, nil); wrong != nil {
			t.Fatalf("in force is what cannot be read: %v\n%s", wrong, now)
		}
		if err != nil && now != house("old") {
			t.Fatalf("an error, and another configuration: %v\n%s", err, now)
		}
		if err != nil && d.Text(cardConfig) != card {
			t.Fatalf("a wrong file was changed:\n%s", d.Text(cardConfig))
		}
		if err := boot(d); err == nil && inForce(t, d) != now {
			t.Fatalf("one more boot changes what is in force:\n%s\n%s", now, inForce(t, d))
		}
	})
}

// FuzzCode shows any text to a device that is set up and whose button is held.
func FuzzCode(f *testing.F) {
	f.Add(paired)
	f.Add(`WIFI:T:WPA;S:New\;net;P:another secret;H:true;;`)
	f.Add(`WIFI:S:"a";P:"12345678";T:SAE;;`)
	f.Add(`INTERCOM1:{"network":{"wifi":null}}`)
	disk := newDisk(house("old"))
	if err := boot(disk); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := disk.Reboot(0, nil)
		s := provision.New(paths(), d, provision.Owner{}, quiet(), provision.Options{NoQR: true}, slog.New(slog.DiscardHandler))
		err := s.Accept(text)
		now := inForce(t, d)
		if err != nil && now != house("old") {
			t.Fatalf("refused, and another configuration: %v\n%s", err, now)
		}
		if _, _, wrong := config.Read("stored", []byte(now), "/nowhere", nil, nil); wrong != nil {
			t.Fatalf("in force is what cannot be read: %v\n%s", wrong, now)
		}
		if err := s.Run(context.Background()); err != nil || inForce(t, d) != now {
			t.Fatalf("the next boot: %v\n%s", err, inForce(t, d))
		}
	})
}
