package lan

import (
	"sync"

	"mellium.im/xmpp/jid"
)

// hub knows who is connected. Its lock is held for map work only, never while
// anything is sent.
type hub struct {
	mu    sync.Mutex
	users map[string]map[string]*client // by local part, by resource
}

// add registers a bound client. It returns the client that had the same
// resource and is replaced, if any; ok is false if the user has too many
// resources.
func (h *hub) add(c *client, limit int) (replaced *client, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	resources := h.users[c.jid.Localpart()]
	replaced = resources[c.jid.Resourcepart()]
	if replaced == nil && len(resources) >= limit {
		return nil, false
	}
	if resources == nil {
		resources = map[string]*client{}
		h.users[c.jid.Localpart()] = resources
	}
	resources[c.jid.Resourcepart()] = c
	return replaced, true
}

// remove forgets a client; it says whether the client was available and who of
// the same user is left to be told.
func (h *hub) remove(c *client) (wasAvailable bool, others []*client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	resources := h.users[c.jid.Localpart()]
	if resources[c.jid.Resourcepart()] != c {
		return false, nil // replaced: the resource lives on
	}
	delete(resources, c.jid.Resourcepart())
	if len(resources) == 0 {
		delete(h.users, c.jid.Localpart())
	}
	return c.presence != nil, available(resources, nil)
}

// setPresence records what a client last said of itself, nil being
// unavailable. It returns whom to tell, which includes the client itself while
// it is available (RFC 6121 4.2.2), and the presence of the others if it has
// not seen them yet.
func (h *hub) setPresence(c *client, presence []byte) (tell []*client, news [][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	resources := h.users[c.jid.Localpart()]
	if resources[c.jid.Resourcepart()] != c {
		return nil, nil
	}
	initial := c.presence == nil && presence != nil
	c.presence = presence
	for _, o := range available(resources, c) {
		tell = append(tell, o)
		if initial {
			news = append(news, o.presence)
		}
	}
	if presence != nil {
		tell = append(tell, c)
	}
	return tell, news
}

// targets returns the clients a message to that JID goes to: the one bound to
// a full JID, or all available ones of a bare JID (RFC 6121 8.5).
func (h *hub) targets(to jid.JID) []*client {
	h.mu.Lock()
	defer h.mu.Unlock()
	resources := h.users[to.Localpart()]
	if r := to.Resourcepart(); r != "" {
		if c := resources[r]; c != nil {
			return []*client{c}
		}
		return nil
	}
	return available(resources, nil)
}

// online counts the available resources of a user.
func (h *hub) online(username string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(available(h.users[username], nil))
}

// available returns the available clients among resources, without except.
func available(resources map[string]*client, except *client) []*client {
	var cs []*client
	for _, c := range resources {
		if c.presence != nil && c != except {
			cs = append(cs, c)
		}
	}
	return cs
}
