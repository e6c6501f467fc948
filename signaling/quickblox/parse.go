package quickblox

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// element is a parsed element; text is its own character data, joined.
type element struct {
	name     string
	text     string
	children []*element
}

// child returns the first child of that name, or nil.
func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// childText returns the text of the first child of that name, or "".
func (e *element) childText(name string) string {
	if c := e.child(name); c != nil {
		return c.text
	}
	return ""
}

// parseMessage returns the extraParams of a headline and its sender.
func parseMessage(stanza []byte) (params *element, from string, err error) {
	if len(stanza) > maxStanza {
		return nil, "", fieldErrorf("stanza", "%d bytes, at most %d allowed", len(stanza), maxStanza)
	}
	p := parser{decoder: xml.NewDecoder(bytes.NewReader(stanza))}
	start, err := p.root()
	if err != nil {
		return nil, "", err
	}
	if start.Name.Local != "message" || attribute(start, "type") != "headline" {
		return nil, "", fmt.Errorf("%w: no headline message", ErrNotCall)
	}
	if repeatsAttribute(start) {
		return nil, "", fieldErrorf("stanza", "repeats an attribute")
	}
	message, err := p.children("message", 0)
	if err != nil {
		return nil, "", err
	}
	if err := p.end(); err != nil {
		return nil, "", err
	}
	params = message.child("extraParams")
	if params == nil {
		return nil, "", fmt.Errorf("%w: no extraParams", ErrNotCall)
	}
	if message.child("delay") != nil {
		return nil, "", fmt.Errorf("%w: delivered late", ErrNotCall)
	}
	return params, attribute(start, "from"), nil
}

func attribute(start xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// repeatsAttribute finds what encoding/xml lets pass although XML forbids it
// (XML 1.0 section 3.1): with two `from`, who sent it would depend on the
// reader.
func repeatsAttribute(start xml.StartElement) bool {
	for i, a := range start.Attr {
		for _, b := range start.Attr[:i] {
			if a.Name == b.Name {
				return true
			}
		}
	}
	return false
}

// parser builds the elements of one stanza within the limits.
type parser struct {
	decoder  *xml.Decoder
	elements int
}

// token returns the next token. XMPP has neither comments nor processing
// instructions nor document type declarations (RFC 6120 section 11.1).
func (p *parser) token() (xml.Token, error) {
	token, err := p.decoder.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fieldErrorf("stanza", "%.200s", err.Error())
	}
	switch token.(type) {
	case xml.Comment, xml.ProcInst, xml.Directive:
		return nil, fieldErrorf("stanza", "holds %T, which XMPP forbids", token)
	}
	return token, nil
}

// root returns the start of the outermost element.
func (p *parser) root() (xml.StartElement, error) {
	for {
		token, err := p.token()
		if errors.Is(err, io.EOF) {
			return xml.StartElement{}, fieldErrorf("stanza", "holds no element")
		}
		if err != nil {
			return xml.StartElement{}, err
		}
		if start, ok := token.(xml.StartElement); ok {
			return start, nil
		}
	}
}

// end makes sure that nothing but white space follows.
func (p *parser) end() error {
	for {
		token, err := p.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if text, ok := token.(xml.CharData); !ok || len(bytes.TrimSpace(text)) > 0 {
			return fieldErrorf("stanza", "is followed by something else")
		}
	}
}

// children reads an element whose start was read, up to its end.
func (p *parser) children(name string, depth int) (*element, error) {
	p.elements++
	if p.elements > maxElements {
		return nil, fieldErrorf("stanza", "more than %d elements", maxElements)
	}
	if depth > maxDepth+1 { // extraParams is at depth 1
		return nil, fieldErrorf("stanza", "elements inside each other more than %d deep", maxDepth)
	}
	e := &element{name: name}
	var text []byte
	for {
		token, err := p.token()
		if err != nil {
			return nil, err // EOF inside an element is a syntax error already
		}
		switch t := token.(type) {
		case xml.CharData:
			text = append(text, t...)
		case xml.StartElement:
			child, err := p.children(t.Name.Local, depth+1)
			if err != nil {
				return nil, err
			}
			e.children = append(e.children, child)
		case xml.EndElement:
			e.text = string(text)
			return e, nil
		}
	}
}
