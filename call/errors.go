package call

import (
	"errors"
	"fmt"
)

// Errors a caller may branch on, with errors.Is.
var (
	// ErrState is a request that is illegal in the session's state; the error
	// is a *[StateError]. The session is unchanged.
	ErrState = errors.New("request is illegal in this state")
	// ErrClosed means that Run has ended.
	ErrClosed = errors.New("client is closed")
	// ErrNoOpponents is an empty list of opponents.
	ErrNoOpponents = errors.New("no opponents")
	// ErrTooManyOpponents is a list of more than [MaxOpponents] opponents; the
	// error is a *[TooManyOpponentsError].
	ErrTooManyOpponents = errors.New("too many opponents")
	// ErrInvalidOpponent is a list of opponents that names oneself, somebody
	// twice, or an id that is not positive; the error is an *[OpponentError].
	ErrInvalidOpponent = errors.New("invalid opponent")
	// ErrSessionExists means that a NEW or ACTIVE session to the same opponents
	// lives already; the SDK refuses a second one too.
	ErrSessionExists = errors.New("session to the same opponents exists")
)

// StateError tells which request was illegal in which state. It is an
// [ErrState].
type StateError struct {
	Session SessionID
	State   SessionState
	Verb    string // call, accept, reject, stop, update, mute, get user media, attach media stream
}

func (e *StateError) Error() string {
	return fmt.Sprintf("%s session %s: illegal in state %s", e.Verb, e.Session, e.State)
}

// Is says that a StateError is an [ErrState].
func (e *StateError) Is(target error) bool { return target == ErrState }

// TooManyOpponentsError tells how many opponents were asked for. It is an
// [ErrTooManyOpponents].
type TooManyOpponentsError struct{ Count int }

func (e *TooManyOpponentsError) Error() string {
	return fmt.Sprintf("%d opponents: a mesh call has at most %d people, so %d opponents",
		e.Count, MaxPeople, MaxOpponents)
}

// Is says that a TooManyOpponentsError is an [ErrTooManyOpponents].
func (e *TooManyOpponentsError) Is(target error) bool { return target == ErrTooManyOpponents }

// OpponentError tells which opponent does not fit. It is an
// [ErrInvalidOpponent].
type OpponentError struct{ User UserID }

func (e *OpponentError) Error() string {
	return fmt.Sprintf("opponent %d: must be positive, not oneself, and named once", e.User)
}

// Is says that an OpponentError is an [ErrInvalidOpponent].
func (e *OpponentError) Is(target error) bool { return target == ErrInvalidOpponent }
