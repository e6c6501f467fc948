package lan

import (
	"mellium.im/xmpp/jid"
)

// decision is what a stanza leads to. At most one of its parts is set, onMiss
// belonging to message.
type decision struct {
	reply    *element // to the sender
	message  *element // to the clients of `to`
	to       jid.JID
	onMiss   func(condition string) *element // answer if a message reached nobody; nil is silence
	presence *element                        // to the sender's own resources; type unavailable or none
}

// route carries out what a stanza leads to. The error is the stream error of a
// client that does not send stanzas.
func (c *client) route(e *element) error {
	d, err := decide(c.jid, e)
	switch {
	case err != nil:
		return err
	case d.reply != nil:
		c.send(d.reply.marshal())
	case d.presence != nil:
		c.announce(d.presence)
	case d.message != nil:
		c.deliver(d)
	}
	return nil
}

// announce tells the presence of a client to its user's resources.
func (c *client) announce(p *element) {
	b, remembered := p.marshal(), []byte(nil)
	if p.attr("type") == "" {
		remembered = b
	}
	tell, news := c.srv.hub.setPresence(c, remembered)
	sendAll(tell, b)
	for _, b := range news {
		c.offer(b)
	}
}

// deliver hands a message to its receivers. One with a full queue doesn't get
// it; if no one does, the sender is told, unless it is a headline.
func (c *client) deliver(d decision) {
	b, condition := d.message.marshal(), "service-unavailable"
	for _, r := range c.srv.hub.targets(d.to) {
		if r.offer(b) {
			condition = ""
		} else if condition != "" {
			condition = "resource-constraint"
			r.log.Debug("message dropped, the queue is full", "jid", r.jid.String())
		}
	}
	if condition != "" && d.onMiss != nil {
		c.send(d.onMiss(condition).marshal())
	}
}

// decide says what a stanza of the client self leads to. It may change e.
func decide(self jid.JID, e *element) (decision, error) {
	if e.name.Space != nsClient {
		return decision{}, streamError("unsupported-stanza-type")
	}
	var to jid.JID
	if s := e.attr("to"); s != "" {
		var err error
		if to, err = jid.Parse(s); err != nil {
			return answer(e, errorReply(e.with("to", ""), "modify", "jid-malformed")), nil
		}
	}
	switch e.name.Local {
	case "message":
		return decideMessage(self, to, e), nil
	case "presence":
		return decidePresence(self, to, e), nil
	case "iq":
		return decideIQ(self, to, e), nil
	}
	return decision{}, streamError("unsupported-stanza-type")
}

// answer returns the decision to reply, unless e is itself an answer: those
// are never answered (RFC 6120 8.3.1).
func answer(e, reply *element) decision {
	if t := e.attr("type"); t == "error" || t == "result" {
		return decision{}
	}
	return decision{reply: reply}
}

// decideMessage sends a message on (RFC 6121 8). Without a receiver it goes to
// the sender's own resources.
func decideMessage(self, to jid.JID, e *element) decision {
	switch {
	case to.Equal(jid.JID{}):
		to = self.Bare()
	case to.Domainpart() != self.Domainpart():
		to = jid.JID{} // nobody
	}
	d := decision{message: e.with("from", self.String()), to: to}
	t := e.attr("type")
	if t == "headline" || t == "error" {
		return d
	}
	d.onMiss = func(condition string) *element {
		if condition == "resource-constraint" {
			return errorReply(e, "wait", condition)
		}
		return errorReply(e, "cancel", condition)
	}
	return d
}

// decidePresence takes presence without a receiver; there are no subscriptions
// and no rooms that other presence could concern.
func decidePresence(self, to jid.JID, e *element) decision {
	t := e.attr("type")
	if !to.Equal(jid.JID{}) || t != "" && t != "unavailable" {
		return decision{}
	}
	return decision{presence: e.with("from", self.String())}
}

// decideIQ answers requests to the server and to the client's own account;
// there is nobody else to ask.
func decideIQ(self, to jid.JID, e *element) decision {
	switch e.attr("type") {
	case "get", "set":
	case "result", "error":
		return decision{}
	default:
		return decision{reply: errorReply(e, "modify", "bad-request")}
	}
	mine := to.Equal(jid.JID{}) || to.Equal(self.Bare()) || to.String() == self.Domainpart()
	req := e.first()
	switch {
	case req == nil || e.attr("id") == "":
		return decision{reply: errorReply(e, "modify", "bad-request")}
	case mine && e.attr("type") == "get" && isEmptyList(req):
		return decision{reply: resultReply(e, newElement(req.name.Space, req.name.Local))}
	case mine && isAcknowledged(req):
		return decision{reply: resultReply(e, nil)}
	}
	return decision{reply: errorReply(e, "cancel", "service-unavailable")}
}

// isEmptyList says whether a request is for a list that is empty here.
func isEmptyList(req *element) bool {
	return req.is(nsRoster, "query") || req.is(nsDiscoIn, "query") || req.is(nsDiscoItm, "query")
}

// isAcknowledged says whether a request needs nothing but a result. Carbons
// are never sent: headlines, which calls are, are not eligible (XEP-0280 6).
func isAcknowledged(req *element) bool {
	return req.is(nsPing, "ping") || req.is(nsSession, "session") ||
		req.is(nsCarbons, "enable") || req.is(nsCarbons, "disable")
}

// resultReply returns the result of a request, holding payload unless nil.
func resultReply(iq, payload *element) *element {
	r := newElement(nsClient, "iq")
	if payload != nil {
		r = newElement(nsClient, "iq", payload)
	}
	return r.with("type", "result").with("id", iq.attr("id")).with("from", iq.attr("to"))
}

// errorReply returns the error that answers a stanza (RFC 6120 8.3).
func errorReply(e *element, class, condition string) *element {
	stanzaError := newElement(nsClient, "error", newElement(nsStanzas, condition)).with("type", class)
	return newElement(nsClient, e.name.Local, stanzaError).
		with("type", "error").with("id", e.attr("id")).with("from", e.attr("to"))
}
