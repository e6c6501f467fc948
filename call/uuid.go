package call

import (
	"crypto/rand"
	"fmt"
)

// newUUID returns a random UUID of version 4 (RFC 9562 section 5.4).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return formatUUID(b, 4)
}

// formatUUID sets version and variant (RFC 9562 section 4) and writes b out.
func formatUUID(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
