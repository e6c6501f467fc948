package signaling

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

const (
	maxStanza   = 256 << 10 // largest stanza that is read, bytes
	maxStartTag = 8 << 10   // largest start tag of a top-level element, bytes
	maxEarly    = 1024      // stanzas that may arrive before the stream is negotiated
	maxEarlySum = 512 << 10 // their size, bytes
)

var errNotXML = errors.New("the server sent something that is no XMPP stream")

// frame is one top-level element of a stream.
type frame struct {
	raw   []byte // the element; nil when it was larger than the limit
	start []byte // its start tag
	size  int    // its length on the wire, bytes
}

// framer is an io.Writer that cuts the plain text of an XMPP stream into
// top-level elements. It knows only as much XML as that needs, and what RFC
// 6120 section 11.1 forbids (comments, processing instructions, DTDs) it
// rejects; it does not check that tags match.
//
// While the stream is negotiated, streams restart and only stanzas and the
// elements of stream management that may come between them are kept.
// Once steady is set, an element larger than max is passed over without being
// stored. Any error is final.
type framer struct {
	max    int
	steady bool

	frames []frame // complete, not yet taken
	early  int     // size of those that came before steady
	ended  bool    // the stream was closed by its end tag

	state lexState
	depth int // open elements: 0 before the stream header, 1 between stanzas
	quote byte
	first byte // of the current tag, after '<'
	prev  byte
	match int // bytes matched of "[CDATA[", or of "]]"

	buf      []byte // current top-level element
	size     int    // its length so far
	startLen int    // length of its start tag, 0 while inside that
	over     bool   // it is larger than max
}

// lexState is where in the markup the framer is.
//
//	text ──'<'──▶ open ──name, '/'──▶ tag ◀──quote──▶ quoted
//	 ▲             ├──'?'──▶ instruction   │
//	 │             └──'!'──▶ bang ──"[CDATA["──▶ cdata
//	 └──────────────'>', "?>", "]]>"───────┴──────┘
type lexState int

const (
	inText lexState = iota
	inOpen
	inTag
	inQuoted
	inInstruction
	inBang
	inCDATA
)

const cdataOpen = "[CDATA["

// take returns the complete elements and forgets them.
func (f *framer) take() []frame {
	out := f.frames
	f.frames = nil
	return out
}

// Write lexes p. After an error the stream cannot be continued.
func (f *framer) Write(p []byte) (int, error) {
	for i, c := range p {
		if f.ended {
			return len(p), nil // whatever follows the end tag means nothing
		}
		if err := f.put(c); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

func (f *framer) put(c byte) error {
	if f.state == inText && f.depth <= 1 {
		return f.between(c)
	}
	if err := f.keep(c); err != nil {
		return err
	}
	switch f.state {
	case inText:
		if c == '<' {
			f.state = inOpen
		}
	case inOpen:
		return f.open(c)
	case inTag:
		return f.tag(c)
	case inQuoted:
		if c == f.quote {
			f.state = inTag
		}
	case inInstruction:
		if f.prev == '?' && c == '>' {
			f.state, f.depth = inText, 0
		}
	case inBang:
		return f.bang(c)
	case inCDATA:
		f.cdata(c)
	}
	f.prev = c
	return nil
}

// between takes a byte outside any stanza: white space keeps a stream alive,
// and a tag begins an element.
func (f *framer) between(c byte) error {
	switch c {
	case ' ', '\t', '\r', '\n':
		return nil
	case '<':
		f.buf, f.size, f.startLen, f.over = append(f.buf[:0], c), 1, 0, false
		f.state = inOpen
		return nil
	}
	return fmt.Errorf("%w: byte %#02x between stanzas", errNotXML, c)
}

// keep stores a byte of the current element, up to the limits.
func (f *framer) keep(c byte) error {
	f.size++
	switch {
	case f.over:
		return nil
	case f.startLen == 0 && f.size > min(maxStartTag, f.max):
		return fmt.Errorf("%w: a start tag of more than %d bytes", errNotXML, maxStartTag)
	case f.size <= f.max:
		f.buf = append(f.buf, c)
		return nil
	case !f.steady:
		return fmt.Errorf("%w: more than %d bytes in one element before login", errNotXML, f.max)
	}
	f.over = true
	f.buf = append([]byte(nil), f.buf[:f.startLen]...) // let the rest go
	return nil
}

func (f *framer) open(c byte) error {
	f.first, f.prev = c, c
	switch {
	case c == '/' || nameStart(c):
		f.state = inTag
	case c == '!' && f.depth > 1:
		f.state, f.match = inBang, 0
	case c == '?' && f.depth <= 1 && !f.steady:
		f.state, f.prev = inInstruction, 0
	default:
		return fmt.Errorf("%w: forbidden markup \"<%c\"", errNotXML, c)
	}
	return nil
}

func nameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
}

func (f *framer) tag(c byte) error {
	prev := f.prev
	f.prev = c
	switch c {
	case '"', '\'':
		f.state, f.quote = inQuoted, c
	case '<':
		return fmt.Errorf("%w: \"<\" inside a tag", errNotXML)
	case '>':
		f.state = inText
		if f.first == '/' {
			return f.endElement()
		}
		return f.startElement(prev == '/')
	}
	return nil
}

func (f *framer) bang(c byte) error {
	if c != cdataOpen[f.match] {
		return fmt.Errorf("%w: a comment or a document type", errNotXML)
	}
	if f.match++; f.match == len(cdataOpen) {
		f.state, f.match = inCDATA, 0
	}
	return nil
}

func (f *framer) cdata(c byte) {
	switch {
	case c == ']':
		f.match++
	case c == '>' && f.match >= 2:
		f.state = inText
	default:
		f.match = 0
	}
}

func (f *framer) startElement(empty bool) error {
	switch {
	case f.depth > 1:
		if !empty {
			f.depth++
		}
		return nil
	case localName(f.buf) == "stream":
		if f.steady || empty {
			return fmt.Errorf("%w: an unexpected stream header", errNotXML)
		}
		f.depth = 1
		return nil
	case f.depth == 0:
		return fmt.Errorf("%w: <%s> instead of a stream header", errNotXML, elementName(f.buf))
	}
	f.startLen = f.size
	if empty {
		return f.emit()
	}
	f.depth = 2
	return nil
}

func (f *framer) endElement() error {
	f.depth--
	switch {
	case f.depth < 0:
		return fmt.Errorf("%w: an end tag before the stream header", errNotXML)
	case f.depth == 0:
		f.ended = true
	case f.depth == 1:
		return f.emit()
	}
	return nil
}

func (f *framer) emit() error {
	if !f.steady {
		if name := localName(f.buf); !isStanza(name) && !amongStanzas(name) {
			return nil
		}
		if f.early += f.size; len(f.frames) == maxEarly || f.early > maxEarlySum {
			return fmt.Errorf("%w: too many stanzas before login", errNotXML)
		}
	}
	out := frame{size: f.size}
	if !f.over {
		out.raw = bytes.Clone(f.buf)
	}
	out.start = bytes.Clone(f.buf[:f.startLen])
	f.frames = append(f.frames, out)
	return nil
}

func isStanza(local string) bool {
	return local == "message" || local == "iq" || local == "presence"
}

// amongStanzas tells whether an element of stream management has a meaning by
// its place between stanzas.
func amongStanzas(local string) bool {
	return local == "resumed" || local == "r" || local == "a"
}

// elementName returns the name, with its prefix, of the start tag that tag
// begins with.
func elementName(tag []byte) string {
	name := bytes.TrimPrefix(tag, []byte("<"))
	if i := bytes.IndexAny(name, " \t\r\n/>"); i >= 0 {
		name = name[:i]
	}
	return string(name)
}

func localName(tag []byte) string {
	name := elementName(tag)
	return name[strings.IndexByte(name, ':')+1:]
}
