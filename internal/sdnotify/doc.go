// Package sdnotify tells systemd, or whatever supervisor speaks its protocol
// (sd_notify(3)), that the daemon is ready, alive, or about to end.
//
// The package guarantees: without NOTIFY_SOCKET in the environment every
// message is a success that does nothing, so callers need not ask; no message
// blocks longer than [SendTimeout]; each one opens its own socket, so a
// supervisor that restarts is found again; a status text cannot bring other
// assignments into a message. The environment is left as it is: systemd takes
// messages of the main process only (NotifyAccess=main), so children that
// inherit the variable can do no harm.
//
// It does not guarantee that anybody has read a message: datagrams are not
// answered. Sockets of the vsock family are refused.
package sdnotify
