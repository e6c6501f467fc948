package signaling

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const testHeader = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`

// cut feeds text to a steady framer in pieces of size n.
func cut(t testing.TB, text string, limit, n int) (*framer, []frame, error) {
	t.Helper()
	f := &framer{max: limit}
	if _, err := f.Write([]byte(testHeader)); err != nil {
		t.Fatalf("header: %v", err)
	}
	f.steady = true
	var out []frame
	for piece := range slices.Chunk([]byte(text), n) {
		_, err := f.Write(piece)
		out = append(out, f.take()...)
		if err != nil {
			return f, out, err
		}
	}
	return f, out, nil
}

func raws(frames []frame) []string {
	var out []string
	for _, f := range frames {
		out = append(out, string(f.raw))
	}
	return out
}

func TestFramerCutsElements(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", " \r\n\t", nil},
		{"empty elements", `<a/><b c='d'/>`, []string{`<a/>`, `<b c='d'/>`}},
		{"nested", `<a><b><c/></b></a> <d>x</d>`, []string{`<a><b><c/></b></a>`, `<d>x</d>`}},
		{"same name inside", `<a><a/><a></a></a>`, []string{`<a><a/><a></a></a>`}},
		{"brackets in attributes", `<a b='>' c="/>'<"/>`, []string{`<a b='>' c="/>'<"/>`}},
		{"slash in attribute", `<a b='x/'>y</a>`, []string{`<a b='x/'>y</a>`}},
		{"CDATA", `<a><![CDATA[</a>]]]]><![CDATA[>]] ]>]]></a>`, []string{`<a><![CDATA[</a>]]]]><![CDATA[>]] ]>]]></a>`}},
		{"text with >", `<a>x > y ]]</a>`, []string{`<a>x > y ]]</a>`}},
		{"white space in tags", "<a\n b='c'\n/><d\t></d\n>", []string{"<a\n b='c'\n/>", "<d\t></d\n>"}},
		{"incomplete", `<a/><b><c/>`, []string{`<a/>`}},
		{"end", `<a/></stream:stream>garbage`, []string{`<a/>`}},
		{"a stream inside a stanza", `<a><stream:stream/></a>`, []string{`<a><stream:stream/></a>`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for n := 1; n <= len(tt.text); n++ {
				f, got, err := cut(t, tt.text, 1000, n)
				if err != nil || !slices.Equal(raws(got), tt.want) {
					t.Fatalf("pieces of %d: %q, %v; want %q", n, raws(got), err, tt.want)
				}
				if f.ended != (tt.name == "end") {
					t.Fatalf("pieces of %d: ended %v", n, f.ended)
				}
			}
		})
	}
}

func TestFramerRejectsWhatIsNoStream(t *testing.T) {
	for _, text := range []string{
		"x", "\x00", "\xff\xfe", "]", ">", "<>", "< a/>", "<1/>", "<=",
		"<!-- x -->", "<!DOCTYPE x>", "<![CDATA[x]]>", "<?xml?>", "<?pi x?>",
		"<a><!-- x --></a>", "<a><!DOCTYPE x></a>", "<a><?pi?></a>", "<a><![CDATO[", "<a><<", "<a <b/>",
		"<stream:stream>", "<stream/>",
		"<a " + strings.Repeat("b", maxStartTag),
	} {
		for _, n := range []int{1, len(text)} {
			if _, _, err := cut(t, text, maxStanza, n); !errors.Is(err, errNotXML) {
				t.Errorf("%.30q in pieces of %d: %v", text, n, err)
			}
		}
	}
}

func TestFramerPassesOverLargeElements(t *testing.T) {
	large := `<m from='x'>` + strings.Repeat("<b>text</b>", 20) + `</m>`
	exact := `<m>` + strings.Repeat("x", 93) + `</m>`
	for n := 1; n <= len(large); n++ {
		f, got, err := cut(t, large+`<a/>`+exact, 100, n)
		if err != nil || len(got) != 3 {
			t.Fatalf("pieces of %d: %d frames, %v", n, len(got), err)
		}
		if got[0].raw != nil || string(got[0].start) != `<m from='x'>` || got[0].size != len(large) {
			t.Fatalf("pieces of %d: large element %+v", n, got[0])
		}
		if string(got[1].raw) != `<a/>` || string(got[2].raw) != exact {
			t.Fatalf("pieces of %d: after it %q", n, raws(got[1:]))
		}
		if cap(f.buf) > 1000 {
			t.Fatalf("pieces of %d: the framer keeps %d bytes", n, cap(f.buf))
		}
	}
}

func TestFramerWhileNegotiating(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
		ok         bool
	}{
		{"restarts", testHeader + `<stream:features/><proceed/>` + testHeader + `<success/>` +
			`<stream:stream>` + `<iq id='1'/><message/>`, []string{`<iq id='1'/>`, `<message/>`}, true},
		{"stanza before the header", `<iq/>`, nil, false},
		{"text before the header", `HTTP/1.1 400`, nil, false},
		{"empty stream", `<stream:stream/>`, nil, false},
		{"end before the header", `</stream:stream>`, nil, false},
		{"document type", `<!DOCTYPE x>`, nil, false},
		{"large element", testHeader + `<x>` + strings.Repeat("y", 1000), nil, false},
		{"flood", testHeader + strings.Repeat(`<iq/>`, maxEarly+1), slices.Repeat([]string{`<iq/>`}, maxEarly), false},
		{"flood of large stanzas", testHeader + strings.Repeat(`<iq>`+strings.Repeat("x", 900)+`</iq>`, maxEarlySum/909+1), slices.Repeat([]string{`<iq>` + strings.Repeat("x", 900) + `</iq>`}, maxEarlySum/909), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &framer{max: 1000}
			_, err := f.Write([]byte(tt.text))
			if (err == nil) != tt.ok {
				t.Errorf("error %v, want ok %v", err, tt.ok)
			}
			if got := raws(f.take()); !slices.Equal(got, tt.want) {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
		})
	}
}
