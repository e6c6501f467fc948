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
package control
