package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

// pressRequest is the body of /v1/press.
type pressRequest struct {
	Button string `json:"button"`
}

// relayRequest is the body of /v1/relay.
type relayRequest struct {
	Relay string `json:"relay"`
}

// callResponse is the answer of /v1/call.
type callResponse struct {
	Sessions []call.SessionID `json:"sessions"`
}

// errorResponse is the answer to everything that failed.
type errorResponse struct {
	Error string `json:"error"`
}

// statusError is a refusal by the server itself.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

// endpoint answers a request with a value to be sent as JSON (nil: 204), or
// with an error that becomes a status code.
type endpoint func(w http.ResponseWriter, r *http.Request) (any, error)

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/press", s.answer(http.MethodPost, s.press))
	mux.Handle("/v1/relay", s.answer(http.MethodPost, s.relay))
	mux.Handle("/v1/call", s.answer(http.MethodPost, s.call))
	mux.Handle("/v1/session/{verb}", s.answer(http.MethodPost, s.session))
	mux.Handle("/v1/update", s.answer(http.MethodPost, s.update))
	mux.Handle("/v1/status", s.answer(http.MethodGet, s.status))
	mux.Handle("/v1/events", s.answer(http.MethodGet, s.events))
	mux.Handle("/", s.answer("", func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return nil, &statusError{http.StatusNotFound, fmt.Sprintf("no path %q", r.URL.Path)}
	}))
	return mux
}

// answer runs an endpoint for one method ("" is any) and writes what it says.
func (s *Server) answer(method string, do endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var value any
		var err error = &statusError{http.StatusMethodNotAllowed, fmt.Sprintf("%s needs %s", r.URL.Path, method)}
		if method == "" || r.Method == method {
			value, err = do(w, r)
		} else {
			w.Header().Set("Allow", method)
		}
		s.write(w, r, value, err)
	})
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, value any, err error) {
	log := s.log.With("method", r.Method, "path", r.URL.Path)
	status := http.StatusOK
	switch {
	case errors.Is(err, errStreamed):
		return
	case err != nil:
		status, value = statusOf(err), errorResponse{err.Error()}
		log.Info("control request refused", "status", status, "error", err)
	case value == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := encoder(w).Encode(value); err != nil {
		log.Debug("control answer not delivered", "error", err)
	}
}

// statusOf gives the HTTP status code of an error.
func statusOf(err error) int {
	var (
		own      *statusError
		missing  *intercom.NotFoundError
		conflict *intercom.ConflictError
		bad      *intercom.RequestError
	)
	switch {
	case errors.As(err, &own):
		return own.status
	case errors.As(err, &missing):
		return http.StatusNotFound
	case errors.As(err, &conflict), isAny(err, call.ErrState, call.ErrSessionExists):
		return http.StatusConflict
	case errors.As(err, &bad), isAny(err, call.ErrNoOpponents, call.ErrTooManyOpponents, call.ErrInvalidOpponent):
		return http.StatusBadRequest
	case isAny(err, call.ErrClosed, intercom.ErrStopped):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

func isAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
}

func (s *Server) press(w http.ResponseWriter, r *http.Request) (any, error) {
	var req pressRequest
	if err := decode(w, r, &req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	return nil, s.dev.Press(ctx, req.Button)
}

func (s *Server) relay(w http.ResponseWriter, r *http.Request) (any, error) {
	var req relayRequest
	if err := decode(w, r, &req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	return nil, s.dev.Relay(ctx, req.Relay)
}

func (s *Server) call(w http.ResponseWriter, r *http.Request) (any, error) {
	var req intercom.CallRequest
	if err := decode(w, r, &req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	ids, err := s.dev.Call(ctx, req)
	if err != nil {
		return nil, err
	}
	return callResponse{Sessions: ids}, nil
}

func (s *Server) session(w http.ResponseWriter, r *http.Request) (any, error) {
	verb := r.PathValue("verb")
	if !slices.Contains(Verbs(), verb) {
		return nil, &intercom.NotFoundError{Kind: "verb", Name: verb, Known: Verbs()}
	}
	var req intercom.SessionRequest
	if err := decode(w, r, &req); err != nil {
		return nil, err
	}
	if err := checkKind(req.Kind); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	return nil, s.dev.Do(ctx, verb, req)
}

func (s *Server) status(http.ResponseWriter, *http.Request) (any, error) {
	return s.dev.Status(), nil
}

// checkKind refuses what is no kind of media; "" leaves the choice to the device.
func checkKind(k call.Kind) error {
	switch k {
	case "", call.KindAudio, call.KindVideo:
		return nil
	}
	return &intercom.RequestError{Field: "kind", Value: string(k), Reason: "must be audio or video"}
}

// decode reads a body of exactly one JSON object with known fields only; no
// body at all is an empty object.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		_, err = d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &statusError{http.StatusRequestEntityTooLarge, fmt.Sprintf("read request: more than %d bytes", tooLarge.Limit)}
	}
	return &statusError{http.StatusBadRequest, "read request: " + strings.TrimPrefix(err.Error(), "json: ")}
}

// encoder writes JSON as people expect to read it: '<' stays '<'.
func encoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}
