package lan

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func base64String(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestElementRoundTrip(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"newlines stay", "<sdp xmlns='a'>v=0\r\no=-\n</sdp>", "<sdp xmlns=\"a\">v=0\no=-\n</sdp>"},
		{"CDATA becomes text", "<b xmlns='a'>x<![CDATA[<&>]]>y</b>", `<b xmlns="a">x&lt;&amp;&gt;y</b>`},
		{"carriage return as reference", "<b xmlns='a'>x&#13;y</b>", `<b xmlns="a">x&#13;y</b>`},
		{"whitespace inside", "<a xmlns='u'> <b/>\n </a>", "<a xmlns=\"u\"> <b/>\n </a>"},
		{"attributes", "<a b='&quot;&lt;&#10;' xml:lang='en'/>", `<a b="&quot;&lt;&#10;" xml:lang="en"/>`},
		{"prefixes", "<p:a xmlns:p='u' xmlns:q='v' q:x='1'><p:b/><q:c/></p:a>",
			`<a xmlns="u" xmlns:n0="v" n0:x="1"><b/><c xmlns="v"/></a>`},
		{"no namespace inside one", "<a xmlns='u'><b xmlns=''/></a>", `<a xmlns="u"><b xmlns=""/></a>`},
		{"namespace with markup", "<a xmlns='u?x&amp;y=&#39;z'/>", `<a xmlns="u?x&amp;y='z"/>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := parseMessage([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(e.marshal()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestParseMessageRefuses(t *testing.T) {
	deep := strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1)
	tests := []struct {
		name, in string
		want     streamError
	}{
		{"nothing", "", "not-well-formed"},
		{"text", "hello", "not-well-formed"},
		{"cut", "<a><b></a>", "not-well-formed"},
		{"open end", "<a>", "not-well-formed"},
		{"two elements", "<a/><b/>", "not-well-formed"},
		{"attribute twice", `<a x="1" x="2"/>`, "not-well-formed"},
		{"attribute twice by prefix", `<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>`, "not-well-formed"},
		{"stray colon", `<a:/>`, "not-well-formed"},
		{"digit behind the prefix", `<p:a xmlns:p="u"><p:0a/></p:a>`, "not-well-formed"},
		{"attribute with a digit behind the prefix", `<a xmlns:p="u" p:0="x"/>`, "not-well-formed"},
		{"reserved name", `<p:xmlns xmlns:p="u"/>`, "not-well-formed"},
		{"reserved namespace", `<a xmlns="http://www.w3.org/2000/xmlns/"/>`, "not-well-formed"},
		{"reserved prefix", `<xml:a/>`, "not-well-formed"},
		{"namespace with blanks", `<a xmlns="u v"/>`, "not-well-formed"},
		{"unknown entity", `<a>&bomb;</a>`, "not-well-formed"},
		{"binary", "\x00\x01\xff", "not-well-formed"},
		{"control character", "<a>\x01</a>", "not-well-formed"},
		{"other charset", `<?xml version="1.0" encoding="latin1"?><a/>`, "not-well-formed"},
		{"declaration of entities", `<!DOCTYPE a [<!ENTITY b "c">]><a/>`, "restricted-xml"},
		{"comment", `<a><!-- c --></a>`, "restricted-xml"},
		{"comment before", `<!-- c --><a/>`, "restricted-xml"},
		{"instruction", `<a><?php?></a>`, "restricted-xml"},
		{"instruction before", `<?php?><a/>`, "restricted-xml"},
		{"too deep", deep, "policy-violation"},
		{"too many", "<a>" + strings.Repeat("<b/>", maxNodes) + "</a>", "policy-violation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseMessage([]byte(tt.in))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestElementAccess(t *testing.T) {
	e, err := parseMessage([]byte(`<a xmlns="u" k="v" xml:k="w">x<b/><c xmlns="z">t</c>y</a>`))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.attr("k"); got != "v" {
		t.Errorf("attr = %q", got)
	}
	if got := e.with("k", "").attr("k"); got != "" {
		t.Errorf("removed attr = %q", got)
	}
	if got := e.text(); got != "xy" {
		t.Errorf("text = %q", got)
	}
	if e.child("u", "c") != nil || e.child("z", "c").text() != "t" || e.first().name.Local != "b" {
		t.Error("children not found by namespace and name")
	}
}

// FuzzParseMessage checks that what is accepted can be written and is then
// read as the same element.
func FuzzParseMessage(f *testing.F) {
	for _, s := range []string{
		`<message to="a@b" type="headline"><extraParams xmlns="jabber:client"><sdp>v=0&#13;` + "\n" + `</sdp></extraParams></message>`,
		`<p:a xmlns:p="u" p:x="1" xml:lang="en"><![CDATA[<]]><b xmlns=""/></p:a>`,
		`<?xml version="1.0"?><open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="x"/>`,
		`<a xmlns:xmlns="u" xmlns:n0="v" n0:b="c"/>`, `<!DOCTYPE a><a/>`, `<a x='"'>]]&gt;</a>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := parseMessage(in)
		if err != nil {
			if _, ok := errors.AsType[streamError](err); !ok {
				t.Fatalf("error %v is not a stream error", err)
			}
			return
		}
		out := e.marshal()
		again, err := parseMessage(out)
		if err != nil {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
		if !reflect.DeepEqual(merged(e), merged(again)) {
			t.Fatalf("%q became %q, another element", in, out)
		}
	})
}

// merged returns the element with adjacent pieces of text joined, and the
// prefix-free form of its attributes in order.
func merged(e *element) *element {
	m := &element{name: e.name, attrs: append([]xml.Attr{}, e.attrs...)}
	for _, n := range e.nodes {
		last := len(m.nodes) - 1
		switch {
		case n.elem != nil:
			m.nodes = append(m.nodes, node{elem: merged(n.elem)})
		case n.text == "":
		case last >= 0 && m.nodes[last].elem == nil:
			m.nodes[last].text += n.text
		default:
			m.nodes = append(m.nodes, n)
		}
	}
	return m
}
