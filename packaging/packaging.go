// Package packaging holds what is shipped beside the program; the part of it
// that the program itself needs is embedded here.
package packaging

import _ "embed"

// CardTemplate is the intercom.yaml of a new card, with CHANGE-ME wherever an
// installer has to write something.
//
//go:embed intercom.yaml
var CardTemplate []byte
