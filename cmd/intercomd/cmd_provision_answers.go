package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// answers are what provision asks for, as flags and people give them.
type answers struct {
	name, domain                     string
	appID, userID                    int64
	passwordFile, wifiPasswordFile   string
	password, wifiPassword           string
	contacts                         []string // NAME=USER_ID
	hostname, ssid, country          string
	hidden                           bool
	address, gateway                 string
	dns, ntp                         []string
	timezone, sshKeyFile, manifest   string
	camera, capture, playback        string
	button, lamp, relay, powerSupply string
}

// addFlags declares a flag for each answer. Passwords come from files only:
// what stands in a command line, every user of the machine can read.
func (a *answers) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&a.name, "name", "", "`name` of the device, as people see it")
	fs.StringVar(&a.domain, "domain", "chat.quickblox.com", "`domain` of the XMPP server")
	fs.Int64Var(&a.appID, "app-id", 0, "`number` of the QuickBlox application")
	fs.Int64Var(&a.userID, "user-id", 0, "`number` of the device's user")
	fs.StringVar(&a.passwordFile, "password-file", "", "`file` with the password of that user in one line")
	fs.StringArrayVar(&a.contacts, "contact", nil, "whom the button rings, as `NAME=USER_ID`; may be repeated")
	fs.StringVar(&a.hostname, "hostname", "", "`name` in the network, found as NAME.local")
	fs.StringVar(&a.ssid, "wifi", "", "`name` of the Wi-Fi network; none is cable")
	fs.StringVar(&a.wifiPasswordFile, "wifi-password-file", "", "`file` with the password of the Wi-Fi network in one line")
	fs.StringVar(&a.country, "country", "", "`country` where the Wi-Fi is, in two letters, such as DE")
	fs.BoolVar(&a.hidden, "wifi-hidden", false, "the Wi-Fi network hides its name")
	fs.StringVar(&a.address, "address", "", "fixed `address` with its length, such as 192.168.1.20/24; none asks DHCP")
	fs.StringVar(&a.gateway, "gateway", "", "`address` of the router, with --address")
	fs.StringSliceVar(&a.dns, "dns", nil, "`addresses` of name servers")
	fs.StringSliceVar(&a.ntp, "ntp", nil, "`hosts` that tell the time")
	fs.StringVar(&a.timezone, "timezone", "", "time `zone`, such as Europe/Berlin")
	fs.StringVar(&a.sshKeyFile, "ssh-key", "", "public key `file` of who may log in by SSH, which is off without")
	fs.StringVar(&a.manifest, "update-manifest", "", "https `URL` where updates are announced")
	fs.StringVar(&a.camera, "camera", "auto", "camera `source`")
	fs.StringVar(&a.capture, "microphone", "auto", "microphone `source`")
	fs.StringVar(&a.playback, "speaker", "auto", "speaker `sink`")
	fs.StringVar(&a.button, "button", "17", "GPIO `line` of the button; control for none")
	fs.StringVar(&a.lamp, "lamp", "", "GPIO `line` of a lamp")
	fs.StringVar(&a.relay, "relay", "", "GPIO `line` of the door's relay, which all contacts may open")
	fs.StringVar(&a.powerSupply, "mains", "", "frequency of the mains, 50 or 60, against flicker of lamps")
}

// readSecrets reads the files that flags name.
func (a *answers) readSecrets() (err error) {
	for _, s := range []struct {
		file string
		into *string
	}{{a.passwordFile, &a.password}, {a.wifiPasswordFile, &a.wifiPassword}} {
		if s.file == "" {
			continue
		}
		data, err := os.ReadFile(s.file)
		if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		*s.into = strings.TrimRight(string(data), "\r\n")
		if *s.into == "" || strings.ContainsAny(*s.into, "\r\n") {
			return fmt.Errorf("read password: %s is not one line of text", s.file)
		}
	}
	return nil
}

// ask asks for what is needed and was not given.
func (a *answers) ask(ctx context.Context, q *asker) error {
	steps := []func() error{
		func() error { return q.text(ctx, &a.name, "Name of the device", "Intercom") },
		func() error { return q.number(ctx, &a.appID, "Number of the QuickBlox application") },
		func() error { return q.number(ctx, &a.userID, "Number of the device's user") },
		func() error { return q.secret(ctx, &a.password, "Password of that user") },
		func() error { return a.askContacts(ctx, q) },
		func() error { return q.text(ctx, &a.ssid, "Name of the Wi-Fi network (empty: cable)", "") },
		func() error { return a.askWiFi(ctx, q) },
		func() error { return q.text(ctx, &a.timezone, "Time zone, such as Europe/Berlin", "UTC") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (a *answers) askContacts(ctx context.Context, q *asker) error {
	if len(a.contacts) > 0 {
		return nil
	}
	for i := 1; ; i++ {
		name, id, after := "", int64(0), ""
		if i > 1 {
			after = " (empty: no more)"
		}
		if err := q.text(ctx, &name, fmt.Sprintf("Name of contact %d%s", i, after), ""); err != nil {
			return err
		}
		switch {
		case name == "" && i > 1:
			return nil
		case name == "":
			i--
			continue
		}
		if err := q.number(ctx, &id, "Number of "+name+"'s user"); err != nil {
			return err
		}
		a.contacts = append(a.contacts, fmt.Sprintf("%s=%d", name, id))
	}
}

func (a *answers) askWiFi(ctx context.Context, q *asker) error {
	if a.ssid == "" {
		return nil
	}
	if err := q.secret(ctx, &a.wifiPassword, "Password of that network (empty: none)"); err != nil {
		return err
	}
	return q.text(ctx, &a.country, "Country in two letters, such as DE", "")
}

// document makes a configuration of the answers.
func (a *answers) document() (document, error) {
	if missing := a.missing(); missing != "" {
		return document{}, usagef("%s is missing", missing)
	}
	var d document
	d.Version = 1
	d.Device.Name = a.name
	d.XMPP.Domain = a.domain
	d.QuickBlox = docAccount{AppID: a.appID, UserID: a.userID, Password: a.password}
	button := docButton{Name: "front", Source: "gpio", Line: a.button}
	if a.button == "control" {
		button.Source, button.Line = "control", ""
	}
	for _, c := range a.contacts {
		name, id, _ := strings.Cut(c, "=")
		n, err := strconv.ParseInt(strings.TrimSpace(id), 10, 64)
		if err != nil {
			return document{}, usagef("contact %q is not NAME=USER_ID", c)
		}
		d.Contacts = append(d.Contacts, docContact{Name: strings.TrimSpace(name), UserID: n})
		button.Contacts = append(button.Contacts, strings.TrimSpace(name))
	}
	d.Buttons = []docButton{button}
	d.Camera = docCamera{Source: a.camera, PowerLineFrequency: a.powerSupply}
	d.Audio = docAudio{Capture: a.capture, Playback: a.playback}
	if a.lamp != "" {
		d.Lamps = []docLamp{{Name: "status", Line: a.lamp}}
	}
	if a.relay != "" {
		d.Relays = []docRelay{{Name: "door", Line: a.relay, Callers: button.Contacts}}
	}
	return d, a.network(&d)
}

// missing names the flag of what nothing is known about.
func (a *answers) missing() string {
	switch {
	case a.appID == 0:
		return "--app-id"
	case a.userID == 0:
		return "--user-id"
	case a.password == "":
		return "--password-file"
	case len(a.contacts) == 0:
		return "--contact"
	case a.ssid != "" && a.country == "":
		return "--country"
	}
	return ""
}

// network fills in what belongs to the system.
func (a *answers) network(d *document) error {
	n := docNetwork{Hostname: a.hostname, Address: a.address, Gateway: a.gateway, DNS: a.dns}
	if a.ssid != "" {
		n.WiFi = &docWiFi{SSID: a.ssid, Password: a.wifiPassword, Country: strings.ToUpper(a.country), Hidden: a.hidden}
	}
	if n.Hostname != "" || n.Address != "" || n.Gateway != "" || len(n.DNS) > 0 || n.WiFi != nil {
		d.Network = &n
	}
	s := docSystem{Timezone: a.timezone, NTP: a.ntp}
	if a.sshKeyFile != "" {
		key, err := os.ReadFile(a.sshKeyFile)
		if err != nil {
			return fmt.Errorf("read SSH key: %w", err)
		}
		if strings.Contains(string(key), "PRIVATE KEY") {
			return errors.New("read SSH key: " + a.sshKeyFile + " is the private key; give the file that ends in .pub")
		}
		s.SSH = &docSSH{Enabled: true, AuthorizedKeys: strings.Split(strings.TrimSpace(string(key)), "\n")}
	}
	if s.Timezone != "" || len(s.NTP) > 0 || s.SSH != nil {
		d.System = &s
	}
	if a.manifest != "" {
		d.Update = &docUpdate{Manifest: a.manifest}
	}
	return nil
}
