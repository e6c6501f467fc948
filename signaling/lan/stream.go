package lan

import "crypto/rand"

// Namespaces of the stream and of what the server answers.
const (
	nsStream   = "http://etherx.jabber.org/streams"
	nsFraming  = "urn:ietf:params:xml:ns:xmpp-framing"
	nsErrors   = "urn:ietf:params:xml:ns:xmpp-streams"
	nsStanzas  = "urn:ietf:params:xml:ns:xmpp-stanzas"
	nsTLS      = "urn:ietf:params:xml:ns:xmpp-tls"
	nsSASL     = "urn:ietf:params:xml:ns:xmpp-sasl"
	nsBind     = "urn:ietf:params:xml:ns:xmpp-bind"
	nsSession  = "urn:ietf:params:xml:ns:xmpp-session"
	nsClient   = "jabber:client"
	nsRoster   = "jabber:iq:roster"
	nsPing     = "urn:xmpp:ping"
	nsCarbons  = "urn:xmpp:carbons:2"
	nsDiscoIn  = "http://jabber.org/protocol/disco#info"
	nsDiscoItm = "http://jabber.org/protocol/disco#items"
)

// streamError is the condition of a stream error (RFC 6120 4.9.3). It ends the
// stream; the empty one is an orderly end without an error.
type streamError string

func (e streamError) Error() string {
	if e == "" {
		return "stream closed"
	}
	return "stream error " + string(e)
}

// frames moves whole top-level elements over one kind of transport.
type frames interface {
	// read returns the next top-level element: the opening of a stream (its
	// start tag over TCP, <open/> over WebSocket), a stanza, or an element of
	// the negotiation. It returns io.EOF when the peer ended the stream, and a
	// [streamError] for input that must end it.
	read() (*element, error)
	// write sends one top-level element, or the beginning or end of a stream.
	// It takes at most the write timeout.
	write([]byte) error
	// close frees the connection; read and write return at once with errors.
	close()
}

// framing is how a stream begins and ends in a transport.
type framing bool

const (
	overTCP       framing = false // RFC 6120 4.2
	overWebSocket framing = true  // RFC 7395 3.3
)

// opening returns the server's part of a stream's beginning, with a fresh id
// that nobody can guess (RFC 6120 4.7.3).
func (f framing) opening(domain string) []byte {
	var b []byte
	if f == overTCP {
		b = append(b, "<?xml version='1.0'?><stream:stream xmlns:stream=\""+nsStream+"\" xmlns=\""+nsClient+"\""...)
	} else {
		b = append(b, "<open xmlns=\""+nsFraming+"\""...)
	}
	b = appendAttr(b, "id", rand.Text())
	b = appendAttr(b, "from", domain)
	b = append(b, " version=\"1.0\" xml:lang=\"en\""...)
	if f == overTCP {
		return append(b, '>')
	}
	return append(b, "/>"...)
}

// isOpening says whether a client's element begins a stream.
func (f framing) isOpening(e *element) bool {
	if f == overTCP {
		return e.is(nsStream, "stream")
	}
	return e.is(nsFraming, "open")
}

// ending returns what ends a stream, after the error if there is one.
func (f framing) ending(reason streamError) [][]byte {
	var parts [][]byte
	if reason != "" {
		parts = append(parts, streamElement("error", newElement(nsErrors, string(reason))))
	}
	if f == overTCP {
		return append(parts, []byte("</stream:stream>"))
	}
	return append(parts, []byte("<close xmlns=\""+nsFraming+"\"/>"))
}

// streamElement returns an element of the stream's namespace with the prefix
// "stream". Namespaces would allow any, but Strophe looks for this one.
func streamElement(local string, children ...*element) []byte {
	b := []byte("<stream:" + local + " xmlns:stream=\"" + nsStream + "\">")
	for _, c := range children {
		b = append(b, c.marshal()...)
	}
	return append(b, "</stream:"+local+">"...)
}
