package qr

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is how many white modules a code needs around it (ISO/IEC 18004 6.3.8).
const quiet = 4

// MaxReadable is how many bytes a code may hold so that a camera of 1280x720
// reads it whenever it takes up half the height of the picture or more, leaning
// and turned, with noise and a little out of focus (TestReadsUpToMaxReadable).
// Larger ones are read when they are held straight.
const MaxReadable = 500

// Code is a drawn QR code.
type Code struct{ code *qr.Code }

// Encode makes the code of a text of up to 2953 bytes, with the least error
// correction, which makes the largest modules: a screen is not scratched.
func Encode(text string) (Code, error) {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return Code{}, fmt.Errorf("make QR code of %d bytes: %w", len(text), err)
	}
	return Code{code}, nil
}

// Modules is how many modules the code has on a side, 21 to 177.
func (c Code) Modules() int { return c.code.Size }

// PNG is a picture with scale pixels a module, at least 1, and a white margin.
func (c Code) PNG(scale int) []byte {
	code := *c.code
	code.Scale = max(1, scale)
	return code.PNG()
}

// Terminal draws the code with half blocks, two modules above one another, white
// on black whatever the colours of the terminal are. Lines end with "\n".
func (c Code) Terminal() string {
	const white, reset = "\x1b[97;40m", "\x1b[0m"
	var b strings.Builder
	for y := -quiet; y < c.code.Size+quiet; y += 2 {
		b.WriteString(white)
		for x := -quiet; x < c.code.Size+quiet; x++ {
			b.WriteString(block(c.code.Black(x, y), c.code.Black(x, y+1)))
		}
		b.WriteString(reset + "\n")
	}
	return b.String()
}

// block is a cell of a terminal that writes white on black.
func block(upperBlack, lowerBlack bool) string {
	switch {
	case upperBlack && lowerBlack:
		return " "
	case upperBlack:
		return "▄"
	case lowerBlack:
		return "▀"
	}
	return "█"
}
