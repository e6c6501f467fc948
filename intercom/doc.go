// Package intercom is the device: it turns button presses into ring plans,
// incoming calls into rings or auto-accepted calls, and what happens into
// events, a status, lamps, tones and staged shutdown.
//
// One goroutine, started by [Device.Run], owns the ring plan; button presses,
// control requests and the events of package call are handed to it. After each
// of them it looks at the situation as a whole, and what the lamps show and the
// loudspeaker hums is a pure function of that. Opening
// the camera and the microphone happens outside of it, so a device that hangs
// delays its own call by [Config.OpenTimeout] and nothing else.
//
// It guarantees: a press never waits for the network; of several contacts rung
// one by one the first who answers gets the call and the others a hangUp at
// once; a caller who is not a contact is rejected before any device opens;
// auto-accept answers only listed callers, and group calls only if everybody
// in them who is a contact is listed, and is announced if that is configured; a
// relay opens only by the control socket, or for a caller listed for it who is
// connected in a call; [Supervise] stops the stages of the daemon
// in order, so that hangUp leaves before the link closes; a configuration that
// is replaced under a call ends it only if somebody in it is no contact any more
// ([Device.SetConfig]); a device that retires is idle and stays so
// ([Device.Retire]); a press while the
// signalling link is down is heard and shown as that, makes the call all the
// same, and is told apart from a call that nobody answered; a call goes on
// whatever becomes of the link; what others ask of the device is bounded, how
// often they may open a door too, and so is what waits for a loop that hangs.
//
// It does not guarantee that a picture or sound is there: a call goes on with
// the devices that open, and the status says which are missing.
package intercom
