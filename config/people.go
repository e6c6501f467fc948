package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// maxConference is how many contacts fit into one session besides the device
// (the SDK documents four people).
const maxConference = 3

func (c *checker) contacts() []Contact {
	names, ids := map[string]int{}, map[int64]int{}
	contacts := make([]Contact, len(c.raw.Contacts))
	for i, in := range c.raw.Contacts {
		key := fmt.Sprintf("contacts[%d]", i)
		c.contactName(key+".name", in.Name, names, i)
		c.contactID(key+".user_id", in.UserID, ids, i)
		password := c.secret(key+".password_file", in.PasswordFile, "")
		if !password.IsSet() && c.raw.LAN.Enabled && !isLoopback(c.raw.LAN.Listen) {
			c.problemf(key+".password_file", "is missing, every contact needs one when lan.listen is %s", quote(c.raw.LAN.Listen))
		}
		contacts[i] = Contact{Name: in.Name, UserID: in.UserID, Password: password}
	}
	return contacts
}

func (c *checker) contactName(key, name string, names map[string]int, i int) {
	c.name(key, name)
	if _, err := strconv.ParseInt(name, 10, 64); err == nil {
		c.problemf(key, "%s is a number, which would be taken for a user id", quote(name))
	}
	if first, twice := names[name]; twice {
		c.problemf(key, "%s is already the name of contacts[%d]", quote(name), first)
		return
	}
	names[name] = i
}

func (c *checker) contactID(key string, id int64, ids map[int64]int, i int) {
	c.positive(key, id)
	if id == c.raw.QuickBlox.UserID {
		c.problemf(key, "%d is the device itself (quickblox.user_id)", id)
	}
	if first, twice := ids[id]; twice {
		c.problemf(key, "%d is already the user of contacts[%d]", id, first)
		return
	}
	ids[id] = i
}

// isLoopback says whether only this machine can reach an address.
func isLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return true // hostPort reports it
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c *checker) buttons(contacts []Contact) []Button {
	names := map[string]int{}
	buttons := make([]Button, len(c.raw.Buttons))
	for i, in := range c.raw.Buttons {
		key := fmt.Sprintf("buttons[%d]", i)
		c.name(key+".name", in.Name)
		if first, twice := names[in.Name]; twice {
			c.problemf(key+".name", "%s is already the name of buttons[%d]", quote(in.Name), first)
		} else {
			names[in.Name] = i
		}
		buttons[i] = c.button(key, in, contacts)
		if enter := slices.IndexFunc(buttons[:i], func(b Button) bool { return b.Source == ButtonStdin }); enter >= 0 && buttons[i].Source == ButtonStdin {
			c.problemf(key+".source", "stdin is already the source of buttons[%d], there is one Enter key", enter)
		}
	}
	return buttons
}

func (c *checker) button(key string, in rawButton, contacts []Contact) Button {
	b := Button{
		Name:     in.Name,
		Source:   oneOf(c, key+".source", orDefault(in.Source, ButtonControl), ButtonControl, ButtonStdin),
		Contacts: c.resolveContacts(key+".contacts", in.Contacts, contacts),
		Mode:     oneOf(c, key+".mode", orDefault(in.Mode, FirstAnswer), FirstAnswer, Conference),
		CallType: oneOf(c, key+".call_type", orDefault(in.CallType, VideoCall), VideoCall, AudioCall),
	}
	if len(in.Contacts) == 0 {
		c.problemf(key+".contacts", "is missing, it must name at least one contact")
	}
	if b.Mode == Conference && len(in.Contacts) > maxConference {
		c.problemf(key+".contacts", "%d contacts are too many, allowed are %d with mode: conference", len(in.Contacts), maxConference)
	}
	return b
}

// orDefault returns the value of a key of a list's table, where the merged
// settings know no defaults.
func orDefault[T ~string](s string, d T) string {
	if s == "" {
		return string(d)
	}
	return s
}

// resolveContacts looks names up. If the contacts themselves have problems, a
// missing one is none of its own.
func (c *checker) resolveContacts(key string, names []string, contacts []Contact) []Contact {
	found := make([]Contact, 0, len(names))
	seen := map[string]bool{}
	for i, name := range names {
		item := fmt.Sprintf("%s[%d]", key, i)
		if seen[name] {
			c.problemf(item, "%s is named twice", quote(name))
			continue
		}
		seen[name] = true
		contact, ok := contactNamed(contacts, name)
		if !ok && !c.anyProblem("contacts") {
			c.problemf(item, "%s is not in contacts, allowed are %s", quote(name), contactNames(contacts))
		}
		found = append(found, contact)
	}
	return found
}

func contactNamed(contacts []Contact, name string) (Contact, bool) {
	for _, contact := range contacts {
		if contact.Name == name {
			return contact, true
		}
	}
	return Contact{}, false
}

func contactNames(contacts []Contact) string {
	if len(contacts) == 0 {
		return "none, the list is empty"
	}
	list := ""
	for i, contact := range contacts {
		if i > 0 {
			list += ", "
		}
		list += contact.Name
	}
	return list
}

func (c *checker) autoAccept(contacts []Contact) AutoAccept {
	in := c.raw.AutoAccept
	callers := c.resolveContacts("auto_accept.callers", in.Callers, contacts)
	if in.Enabled && len(in.Callers) == 0 {
		c.problemf("auto_accept.callers", "is missing, it must name at least one contact when auto_accept.enabled is true")
	}
	return AutoAccept{Enabled: in.Enabled, Callers: callers}
}
