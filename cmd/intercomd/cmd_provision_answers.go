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
	hidden, open                     bool
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
	fs.BoolVar(&a.open, "wifi-open", false, "the Wi-Fi network has no password")
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
	fs.StringVar(&a.powerSupply, "mains", "", "`frequency` of the mains, 50 or 60, against flicker of lamps")
}

// readSecrets reads the files that flags name.
func (a *answers) readSecrets() (err error) {
	if a.open && a.wifiPasswordFile != "" {
		return usagef("--wifi-open and --wifi-password-file cannot both hold")
	}
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
	text := func(into *string, question, otherwise string) func() error {
		return func() error { return q.text(ctx, into, question, otherwise) }
	}
	password := func() error { return q.secret(ctx, &a.password, "Password of that user") }
	steps := []func() error{
		func() error { return q.valid(&a.name, text(&a.name, "Name of the device", "Intercom"), a.refusedName) },
		func() error { return q.number(ctx, &a.appID, "Number of the QuickBlox application") },
		func() error { return q.number(ctx, &a.userID, "Number of the device's user") },
		func() error { return q.valid(&a.password, password, a.refusedPassword) },
		func() error { return a.askContacts(ctx, q) },
		func() error { return a.askWiFi(ctx, q) },
		func() error {
			return q.valid(&a.timezone, text(&a.timezone, "Time zone, such as Europe/Berlin", "UTC"), a.refusedZone)
		},
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
	for {
		contact, err := a.askContact(ctx, q)
		if err != nil {
			return err
		}
		if contact.Name == "" {
			return nil
		}
		a.contacts = append(a.contacts, fmt.Sprintf("%s=%d", contact.Name, contact.UserID))
	}
}

// askContact asks for one more contact, whose name is empty if there is none.
func (a *answers) askContact(ctx context.Context, q *asker) (c docContact, err error) {
	question := fmt.Sprintf("Name of contact %d", len(a.contacts)+1)
	if len(a.contacts) > 0 {
		question += " (empty: no more)"
	}
	err = q.valid(&c.Name, func() error { return q.text(ctx, &c.Name, question, "") }, func() string {
		if c.Name == "" && len(a.contacts) > 0 {
			return ""
		}
		return a.refusedContact(c, "name")
	})
	if err != nil || c.Name == "" {
		return c, err
	}
	return c, q.validNumber(ctx, &c.UserID, "Number of "+c.Name+"'s user", func() string { return a.refusedContact(c, "user_id") })
}

// askWiFi asks for the network; no password is an open one.
func (a *answers) askWiFi(ctx context.Context, q *asker) error {
	ssid := func() error { return q.text(ctx, &a.ssid, "Name of the Wi-Fi network (empty: cable)", "") }
	if err := q.valid(&a.ssid, ssid, func() string { return a.refusedWiFi("ssid") }); err != nil || a.ssid == "" {
		return err
	}
	if !a.open {
		password := func() error { return q.secret(ctx, &a.wifiPassword, "Password of that network (empty: none)") }
		if err := q.valid(&a.wifiPassword, password, func() string { return a.refusedWiFi("password") }); err != nil {
			return err
		}
		a.open = a.wifiPassword == ""
	}
	country := func() error { return q.text(ctx, &a.country, "Country in two letters, such as DE", "") }
	return q.valid(&a.country, country, func() string { return a.refusedWiFi("country") })
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
		contact, err := contactOf(c)
		if err != nil {
			return document{}, err
		}
		d.Contacts = append(d.Contacts, contact)
		button.Contacts = append(button.Contacts, contact.Name)
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

// contactOf reads NAME=USER_ID.
func contactOf(s string) (docContact, error) {
	name, id, _ := strings.Cut(s, "=")
	n, err := strconv.ParseInt(strings.TrimSpace(id), 10, 64)
	if err != nil {
		return docContact{}, usagef("contact %q is not NAME=USER_ID", s)
	}
	return docContact{Name: strings.TrimSpace(name), UserID: n}, nil
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
	case a.ssid == "" && (a.wifiPasswordFile != "" || a.open || a.hidden):
		return "--wifi"
	case a.ssid != "" && !a.open && a.wifiPassword == "":
		return "--wifi-password-file (or --wifi-open)"
	case a.ssid != "" && a.country == "":
		return "--country"
	}
	return ""
}

func (a *answers) docWiFi() *docWiFi {
	return &docWiFi{SSID: a.ssid, Password: a.wifiPassword, Country: strings.ToUpper(a.country), Hidden: a.hidden}
}

// network fills in what belongs to the system.
func (a *answers) network(d *document) error {
	n := docNetwork{Hostname: a.hostname, Address: a.address, Gateway: a.gateway, DNS: a.dns}
	if a.ssid != "" {
		n.WiFi = a.docWiFi()
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
