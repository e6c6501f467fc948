package provision

import (
	"bytes"
	"strings"

	"github.com/intercomd/intercomd/config"
)

// overwriting is how a file of the card gets from one content to another in
// place, so that the very blocks that held a secret are written over. Both
// contents are of one length, filled up with empty lines.
type overwriting struct {
	from, to []byte
	length   int // of the file before
}

// blanking returns how the secrets in an intercom.yaml are blanked. Nothing is
// to be done if it has none.
func blanking(text []byte) overwriting {
	blanked, n, err := config.Blank(text)
	if err != nil || n == 0 {
		return overwriting{from: text, to: text, length: len(text)}
	}
	return overwrite(text, blanked)
}

// marking returns how the only content of a file, a secret, is blanked: by one
// line, as a password has to be.
func marking(secret []byte) overwriting {
	missing := max(0, len(secret)-len(config.StoredMark)-1)
	return overwrite(secret, []byte(config.StoredMark+strings.Repeat(" ", missing)+"\n"))
}

func overwrite(from, to []byte) overwriting {
	length := max(len(from), len(to))
	return overwriting{from: fill(from, length), to: fill(to, length), length: len(from)}
}

// fill adds empty lines, which mean nothing in YAML.
func fill(text []byte, length int) []byte {
	missing := max(0, length-len(text))
	return append(bytes.Clone(text), bytes.Repeat([]byte("\n"), missing)...)
}

// done says whether a file has been overwritten.
func (o overwriting) done(now []byte) bool { return bytes.Equal(now, o.to) }

// begun says whether a file is on its way: a power cut may leave any part of it
// old and the rest new, the file as long as before, and anything in what it
// grew by.
func (o overwriting) begun(now []byte) bool {
	if bytes.Equal(o.from, o.to) || len(now) > len(o.from) || len(now) < o.length {
		return false
	}
	for i, b := range now[:o.length] {
		if b != o.from[i] && b != o.to[i] {
			return false
		}
	}
	return true
}

// ops carries it out. The file is made longer first where it has to be: on a
// full card that fails before anything is lost.
func (o overwriting) ops(name string, now []byte) []Op {
	var ops []Op
	if len(now) < len(o.to) {
		ops = append(ops, Op{Kind: Overwrite, Path: name, Data: fill(now, len(o.to))}, Op{Kind: Sync, Path: name})
	}
	return append(ops, Op{Kind: Overwrite, Path: name, Data: o.to}, Op{Kind: Sync, Path: name})
}
