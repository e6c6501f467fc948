package main

import (
	"context"

	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
)

// front is what the control socket opens: the device, and its updates.
type front struct {
	*intercom.Device
}

// Update implements control.Updater.
func (f front) Update(context.Context, control.UpdateRequest, func(intercom.UpdateStatus)) error {
	return &intercom.ConflictError{Verb: "update", Reason: "this device takes no updates"}
}
