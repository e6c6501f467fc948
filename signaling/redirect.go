package signaling

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	xmppstream "mellium.im/xmpp/stream"
)

// maxRedirects is how many redirections in a row are followed.
const maxRedirects = 3

// redirectError is a server that names another (RFC 6120 section 4.9.3.19).
type redirectError struct{ to string }

func (e *redirectError) Error() string {
	return fmt.Sprintf("the server sends us to %s (see-other-host)", clip(e.to))
}

// redirect follows servers that name another. The certificate there must be
// valid for the configured domain as anywhere else, so a link without TLS
// follows none.
type redirect struct {
	address string // where to try next, or ""
	count   int    // in a row
}

// follow tells whether err is a redirection that is to be followed at once.
// After the last one, and after any other error, the configured address counts
// again. stable says that the link was up for good in between.
func (r *redirect) follow(d *dialer, err error, stable bool) bool {
	var to *redirectError
	if named := errors.As(err, &to); stable || !named {
		r.count = 0
	}
	r.address = ""
	if to == nil || r.count >= maxRedirects || !d.secure {
		return false
	}
	r.count++
	r.address = hostPort(to.to, d.port())
	return r.address != ""
}

// asRedirect returns the redirection that a stream error is, or nil.
func asRedirect(err error) *redirectError {
	var se xmppstream.Error
	if errors.As(err, &se) && se.Err == xmppstream.SeeOtherHost.Err {
		return &redirectError{to: se.Content}
	}
	return nil
}

// rivalWithin is the time in which a second conflict means that another device
// really uses the resource.
const rivalWithin = 10 * time.Minute

// rival notices that another client keeps taking the resource.
//
// The first conflict may be with a session of our own that the server has not
// given up yet, so the resource is tried again after the wait for refusals. A
// second one soon after is another device with the same account, for instance
// one with a copied card. The two would throw each other off for ever, and each
// would be unreachable half of the time; so this one steps aside and takes
// another resource until Run ends. Both then ring and can be rung.
type rival struct{ seen time.Time }

// conflict notes a conflict at now and tells whether to step aside.
func (r *rival) conflict(now time.Time) bool {
	again := !r.seen.IsZero() && now.Sub(r.seen) < rivalWithin
	r.seen = now
	return again
}

// contend deals with an error that is a conflict about the resource. The
// session has been taken over then, too.
func (r *runner) contend(err error) {
	if !errors.As(err, new(*conflictError)) {
		return
	}
	r.session.forget()
	if own := r.link.cfg.Resource; r.rival.conflict(time.Now()) && r.resource == own {
		r.resource = besides(own)
		r.link.log.Warn("another device uses the account and the resource: taking another resource", "resource", r.resource)
	}
}

// besides returns another resource beside the configured one.
func besides(resource string) string {
	return fmt.Sprintf("%s-%04x", resource, rand.Uint32N(1<<16))
}
