package lan

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of one stanza's shape. Its size in bytes is bounded by the reader.
const (
	maxDepth = 32   // nested elements; a call needs 4
	maxNodes = 4096 // elements, attributes and pieces of text; a call with 60 candidates needs 600
)

// The namespaces that are reserved by XML itself.
const (
	nsXML   = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS = "http://www.w3.org/2000/xmlns/"
)

// element is an XML element with all names resolved to namespaces, so that it
// can be written into any other document.
type element struct {
	name  xml.Name
	attrs []xml.Attr // without namespace declarations
	nodes []node
}

// node is a child of an element: an element, or text if elem is nil.
type node struct {
	elem *element
	text string
}

// newElement returns an element in namespace space, holding children.
func newElement(space, local string, children ...*element) *element {
	e := &element{name: xml.Name{Space: space, Local: local}}
	for _, c := range children {
		e.nodes = append(e.nodes, node{elem: c})
	}
	return e
}

// withText adds text and returns the element.
func (e *element) withText(s string) *element {
	e.nodes = append(e.nodes, node{text: s})
	return e
}

// with sets an attribute without namespace and returns the element. An empty
// value removes it.
func (e *element) with(name, value string) *element {
	for i, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			e.attrs = append(e.attrs[:i:i], e.attrs[i+1:]...)
			break
		}
	}
	if value != "" {
		e.attrs = append(e.attrs, xml.Attr{Name: xml.Name{Local: name}, Value: value})
	}
	return e
}

// attr returns an attribute without namespace, "" if there is none.
func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// is says whether the element has this name.
func (e *element) is(space, local string) bool {
	return e.name.Space == space && e.name.Local == local
}

// first returns the first child element, nil if there is none.
func (e *element) first() *element {
	for _, n := range e.nodes {
		if n.elem != nil {
			return n.elem
		}
	}
	return nil
}

// child returns the first child element of that name, nil if there is none.
func (e *element) child(space, local string) *element {
	for _, n := range e.nodes {
		if n.elem != nil && n.elem.is(space, local) {
			return n.elem
		}
	}
	return nil
}

// text returns the text directly inside the element.
func (e *element) text() string {
	var b strings.Builder
	for _, n := range e.nodes {
		b.WriteString(n.text)
	}
	return b.String()
}

// readElement reads the rest of the element that start began. A
// [streamError] says what the input broke: it is malformed, uses markup that
// XMPP forbids (RFC 6120 11.1), or has too much of a thing.
func readElement(d *xml.Decoder, start xml.StartElement) (*element, error) {
	root, err := startElement(start)
	if err != nil {
		return nil, err
	}
	open, nodes := []*element{root}, 1+len(root.attrs)
	for len(open) > 0 {
		top := open[len(open)-1]
		tok, err := d.Token()
		if err != nil {
			return nil, readError(err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			e, err := startElement(t)
			if err != nil {
				return nil, err
			}
			nodes += 1 + len(e.attrs)
			top.nodes = append(top.nodes, node{elem: e})
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			nodes++
			top.nodes = append(top.nodes, node{text: string(t)})
		default:
			return nil, streamError("restricted-xml")
		}
		if len(open) > maxDepth || nodes > maxNodes {
			return nil, streamError("policy-violation")
		}
	}
	return root, nil
}

// startElement checks the name and the attributes of a start tag. encoding/xml
// lets pass what would not be well-formed when written again: attributes given
// twice, names with stray colons or a digit behind the prefix, reserved
// namespaces.
func startElement(t xml.StartElement) (*element, error) {
	if !validName(t.Name) || t.Name.Space == nsXML {
		return nil, streamError("not-well-formed")
	}
	e := &element{name: t.Name}
	seen := make(map[xml.Name]bool, len(t.Attr))
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name == (xml.Name{Local: "xmlns"}) {
			continue
		}
		if seen[a.Name] || !validName(a.Name) {
			return nil, streamError("not-well-formed")
		}
		seen[a.Name] = true
		e.attrs = append(e.attrs, a)
	}
	return e, nil
}

// validName says whether a name can be declared and written again. xmlns is
// reserved, and encoding/xml gives an element of that name no namespace. Namespaces
// must look like URIs, because XML parsers in browsers refuse others.
func validName(n xml.Name) bool {
	if !startsName(n.Local) || n.Local == "xmlns" || strings.ContainsRune(n.Local, ':') || n.Space == nsXMLNS {
		return false
	}
	for i := range len(n.Space) {
		if c := n.Space[i]; c <= ' ' || c > '~' || strings.IndexByte("<>\"{}|\\^`", c) >= 0 {
			return false
		}
	}
	return true
}

// startsName says whether local may stand without a prefix. encoding/xml looks
// at the first character of p:0 only, which is the prefix's.
func startsName(local string) bool {
	r, _ := utf8.DecodeRuneInString(local)
	return r == '_' || unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Lo, unicode.Nl)
}

// readError translates an error of encoding/xml. Errors of the connection stay
// what they are.
func readError(err error) error {
	if _, ok := err.(*xml.SyntaxError); ok {
		return streamError("not-well-formed")
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// marshal returns the element as a document of its own: every namespace is
// declared where it is used. RFC 7395 3.3.3 wants stanzas so, and over TCP it
// does no harm.
func (e *element) marshal() []byte { return e.appendTo(nil, "") }

func (e *element) appendTo(b []byte, space string) []byte {
	b = append(append(b, '<'), e.name.Local...)
	if e.name.Space != space {
		b = appendAttr(b, "xmlns", e.name.Space)
	}
	for i, a := range e.attrs {
		switch a.Name.Space {
		case "":
			b = appendAttr(b, a.Name.Local, a.Value)
		case nsXML:
			b = appendAttr(b, "xml:"+a.Name.Local, a.Value)
		default:
			prefix := fmt.Sprintf("n%d", i)
			b = appendAttr(b, "xmlns:"+prefix, a.Name.Space)
			b = appendAttr(b, prefix+":"+a.Name.Local, a.Value)
		}
	}
	if len(e.nodes) == 0 {
		return append(b, "/>"...)
	}
	b = append(b, '>')
	for _, n := range e.nodes {
		if n.elem != nil {
			b = n.elem.appendTo(b, e.name.Space)
		} else {
			b = appendText(b, n.text)
		}
	}
	return append(append(append(b, "</"...), e.name.Local...), '>')
}

func appendAttr(b []byte, name, value string) []byte {
	b = append(append(append(b, ' '), name...), '=', '"')
	for i := range len(value) {
		switch c := value[i]; c {
		case '"':
			b = append(b, "&quot;"...)
		case '\n', '\t', '\r':
			b = fmt.Appendf(b, "&#%d;", c)
		default:
			b = appendText(b, value[i:i+1])
		}
	}
	return append(b, '"')
}

// appendText keeps newlines as they are: an SDP stays readable. A carriage
// return survives only as a character reference (XML 1.0, 2.11).
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '&':
			b = append(b, "&amp;"...)
		case '<':
			b = append(b, "&lt;"...)
		case '>':
			b = append(b, "&gt;"...)
		case '\r':
			b = append(b, "&#13;"...)
		default:
			b = append(b, c)
		}
	}
	return b
}
