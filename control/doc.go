// Package control is the door between the command line and the running
// daemon: HTTP/1.1 with JSON bodies on a Unix socket.
//
//	POST /v1/press           {"button":"front"}            204
//	POST /v1/relay           {"relay":"door"}              204
//	POST /v1/call            intercom.CallRequest          200 {"sessions":["…"]}
//	POST /v1/session/{verb}  intercom.SessionRequest       204
//	POST /v1/update          UpdateRequest                 200 UpdateLine, one a line
//	GET  /v1/status                                        200 intercom.Status
//	GET  /v1/events                                        200 intercom.Event, one a line
//
// The verbs are accept, reject, stop, update, mute and unmute. A refusal is
// {"error":"…"} with 400 (the request makes no sense), 404 (it names
// something that does not exist), 409 (it does not fit what the device is
// doing), 413 (body over 64 KiB), 503 (too many followers, or the device has
// stopped), 504 (the device took too long) or 500.
//
// The package guarantees: who may speak to the daemon is decided by the mode
// of the socket file alone (0600, or 0660 with a group), and the file never
// exists with a wider mode; a socket that a dead process left is replaced, a
// live one never; the file is gone when [Server.Run] returns; a follower of
// the events that does not keep up is dropped with a last line that says so
// and never holds up the device. It does not guarantee that a follower sees
// events from before its subscription.
//
// # Status
//
// Among the keys of a status are config, which is there only while a changed
// configuration is not, or not wholly, in force, and update, which says how far
// the software's update is:
//
//	"config": {"state":"waiting","keys":["camera"],"since":"…"}
//	"config": {"state":"refused","error":"intercom.yaml:7: bell: is unknown …","since":"…"}
//	"update": {"state":"installing","version":"1.2.0","slot":"A","available":"1.3.0","progress":40,
//	           "message":"…","error":"…","checked":"…","since":"…",
//	           "last":{"from":"1.1.0","to":"1.2.0","outcome":"ok","error":"…","time":"…"}}
//
// The states of an update are idle, checking, waiting (for the end of a call, or
// for the maintenance window), downloading, installing, restarting, trial (a new
// version has to prove itself), failed and unavailable (nothing on the machine
// installs updates). Texts that are empty and times that never were are left out.
//
// # Events
//
// Each line is an object with time and event; other keys are there when they say
// something. The first line is the state of the XMPP link. Besides what the SDK's
// listeners are told, under their names, there are:
//
//	xmpp              state online, connecting, offline; error
//	press             button; state long; reason offline
//	stuck, released   button
//	device            device camera, microphone, speaker or the name of a line; state lost, back; error
//	relay             relay; session, user_id when somebody in a call asked for it; error
//	config            state applied, waiting, refused; keys; error
//	update            state, version (the one that comes, else the one that runs); error
//	dropped           error: this follower was too slow, nothing more comes
//
// A stream goes on when the device behind it is replaced by that of a changed
// configuration, unless the socket itself is moved.
//
// # Updates
//
// The lines of /v1/update are {"status":{…}} with an update as above, as often as
// it changes, up to a last one, {"done":true} or {"done":true,"error":"…"}. The
// state of the last status is idle, failed, unavailable or restarting; after
// restarting the device goes down. Who goes away before the end stops nothing.
package control
