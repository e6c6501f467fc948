package sdk

import (
	"fmt"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// Kind says who the two parties of a call are, and whose link is cut.
type Kind string

// The kinds of pairs. They are called alike in the results.
const (
	OwnLink    Kind = "device's link" // device and SDK; the device is cut off
	ClientLink Kind = "client's link" // device and SDK; the client is cut off
	Reference  Kind = "SDK and SDK"   // one of two clients is cut off
)

// Side says which of the two parties is cut off: the SDK treats the lower and
// the higher user id differently when a connection is renewed.
type Side string

// The sides.
const (
	Lower  Side = "lower"
	Higher Side = "higher"
)

// Other returns the side that is not cut off.
func (s Side) Other() Side {
	if s == Lower {
		return Higher
	}
	return Lower
}

// Fault is what happens to a link.
type Fault string

// The faults. The first two last for a while and are then repaired.
const (
	Pulled Fault = "pulled" // rig.Pulled
	Silent Fault = "silent" // rig.Silent
	Moved  Fault = "moved"  // to another interface with another address
)

func (f Fault) rig() rig.Fault {
	if f == Silent {
		return rig.Silent
	}
	return rig.Pulled
}

// Plan is one call and what happens to it.
type Plan struct {
	Kind   Kind          `json:"kind"`
	Side   Side          `json:"cut_off"` // whose link
	Fault  Fault         `json:"fault"`
	Length time.Duration `json:"-"` // how long; 0 with Moved
}

// Device is the side the device is on, which no device has in a reference.
func (p Plan) Device() Side {
	if p.Kind == OwnLink {
		return p.Side
	}
	return p.Side.Other()
}

func (p Plan) String() string {
	return fmt.Sprintf("%s, cut off: %s id, %s %v", p.Kind, p.Side, p.Fault, p.Length)
}

// Trio plans the same fault for all kinds of pairs, to be compared.
func Trio(fault Fault, length time.Duration, side Side) []Plan {
	var plans []Plan
	for _, kind := range []Kind{OwnLink, ClientLink, Reference} {
		plans = append(plans, Plan{Kind: kind, Side: side, Fault: fault, Length: length})
	}
	return plans
}
