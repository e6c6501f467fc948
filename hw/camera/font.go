package camera

// Glyphs are glyphWidth × glyphHeight pixels; each row is a byte whose bit 4 is
// the leftmost pixel.
const (
	glyphWidth   = 5
	glyphHeight  = 7
	glyphAdvance = glyphWidth + 1
)

// glyph returns the picture of a digit, colon, point or number sign. Anything
// else is blank.
func glyph(c byte) [glyphHeight]byte {
	switch c {
	case '0':
		return [...]byte{0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110}
	case '1':
		return [...]byte{0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110}
	case '2':
		return [...]byte{0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111}
	case '3':
		return [...]byte{0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110}
	case '4':
		return [...]byte{0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010}
	case '5':
		return [...]byte{0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110}
	case '6':
		return [...]byte{0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110}
	case '7':
		return [...]byte{0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000}
	case '8':
		return [...]byte{0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110}
	case '9':
		return [...]byte{0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100}
	case ':':
		return [...]byte{0, 0b00100, 0b00100, 0, 0b00100, 0b00100, 0}
	case '.':
		return [...]byte{0, 0, 0, 0, 0, 0b01100, 0b01100}
	case '#':
		return [...]byte{0b01010, 0b01010, 0b11111, 0b01010, 0b11111, 0b01010, 0b01010}
	}
	return [glyphHeight]byte{}
}
