package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

func (c *checker) contacts() []Contact {
	names, ids := map[string]int{}, map[int64]int{}
	contacts := make([]Contact, len(c.raw.Contacts))
	for i, in := range c.raw.Contacts {
		key := fmt.Sprintf("contacts[%d]", i)
		c.contactName(key+".name", in.Name, names, i)
		c.contactID(key+".user_id", in.UserID, ids, i)
		password := c.password(key, in.Password, in.PasswordFile, "")
		if !password.IsSet() && c.raw.LAN.Enabled && !isLoopback(c.raw.LAN.Listen) && !c.anyProblem(key+".password_file") {
			c.problemf(key+".password", "is missing, every contact needs one when lan.listen is %s", quote(c.raw.LAN.Listen))
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
			c.problemf(item, "%s is not in contacts, %s", quote(name), contactNames(contacts))
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

// contactNames lists contacts for an error, shortened.
func contactNames(contacts []Contact) string {
	const most = 20
	var names []string
	for _, contact := range contacts[:min(most, len(contacts))] {
		names = append(names, contact.Name)
	}
	switch {
	case len(contacts) == 0:
		return "which is empty"
	case len(contacts) > most:
		names = append(names, "…")
	}
	return "allowed are " + strings.Join(names, ", ")
}

func (c *checker) autoAccept(contacts []Contact) AutoAccept {
	in := c.raw.AutoAccept
	callers := c.resolveContacts("auto_accept.callers", in.Callers, contacts)
	if in.Enabled && len(in.Callers) == 0 {
		c.problemf("auto_accept.callers", "is missing, it must name at least one contact when auto_accept.enabled is true")
	}
	return AutoAccept{Enabled: in.Enabled, Callers: callers}
}
