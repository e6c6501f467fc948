package lan

import (
	"bufio"
	"encoding/xml"
	"io"
	"net"
	"strings"
	"time"
)

// tcpFrames reads and writes XML streams on a byte connection (RFC 6120 4).
type tcpFrames struct {
	conn    net.Conn
	under   net.Conn // what close closes: below TLS, whose farewell could block
	in      *budgetReader
	dec     *xml.Decoder
	timeout time.Duration // of one write
}

// newTCPFrames returns frames on conn. alive is called whenever bytes arrive.
func newTCPFrames(conn net.Conn, limits Limits, alive func()) *tcpFrames {
	in := &budgetReader{
		r:     bufio.NewReaderSize(aliveReader{conn, alive}, 4096),
		limit: limits.StanzaBytes,
	}
	// The decoder takes byte by byte from a ByteReader, never ahead: what
	// follows an element stays for the next one, or for TLS.
	return &tcpFrames{conn: conn, under: conn, in: in, dec: xml.NewDecoder(in), timeout: limits.WriteTimeout}
}

// pending says whether the client sent more than was read.
func (t *tcpFrames) pending() bool { return t.in.r.Buffered() > 0 }

// read takes a stream's start tag inside an open stream, too: that is how a
// stream restarts after SASL (RFC 6120 6.4.6).
func (t *tcpFrames) read() (*element, error) {
	t.in.left = t.in.limit
	for {
		tok, err := t.dec.Token()
		if err != nil {
			return nil, t.in.explain(readError(err))
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			e, err := t.readFrom(tok)
			return e, t.in.explain(err)
		case xml.EndElement:
			return nil, io.EOF
		case xml.CharData: // between stanzas: whitespace keeps connections alive
			if strings.Trim(string(tok), " \t\r\n") != "" {
				return nil, streamError("not-well-formed")
			}
		case xml.ProcInst:
			if tok.Target != "xml" {
				return nil, streamError("restricted-xml")
			}
		default:
			return nil, streamError("restricted-xml")
		}
	}
}

func (t *tcpFrames) readFrom(start xml.StartElement) (*element, error) {
	if start.Name == (xml.Name{Space: nsStream, Local: "stream"}) {
		return startElement(start)
	}
	return readElement(t.dec, start)
}

func (t *tcpFrames) write(b []byte) error {
	if err := t.conn.SetWriteDeadline(time.Now().Add(t.timeout)); err != nil {
		return err
	}
	_, err := t.conn.Write(b)
	return err
}

func (t *tcpFrames) close() { _ = t.under.Close() }

// budgetReader hands out at most limit bytes for each top-level element.
type budgetReader struct {
	r     *bufio.Reader
	limit int
	left  int
	err   error // why no more bytes came
}

func (b *budgetReader) ReadByte() (byte, error) {
	if b.left == 0 {
		b.err = streamError("policy-violation")
		return 0, b.err
	}
	b.left--
	c, err := b.r.ReadByte()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		b.err = err
	}
	return c, err
}

// Read is there for io.Reader; the decoder only calls ReadByte.
func (b *budgetReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := b.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// explain prefers the reason why bytes ended over what the decoder made of it.
func (b *budgetReader) explain(err error) error {
	if err != nil && b.err != nil {
		return b.err
	}
	return err
}

// aliveReader tells when bytes arrive.
type aliveReader struct {
	io.Reader
	alive func()
}

func (a aliveReader) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if n > 0 {
		a.alive()
	}
	return n, err
}
