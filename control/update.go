package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/intercomd/intercomd/intercom"
)

// update streams how an update goes. What is refused before it has begun is an
// ordinary refusal.
func (s *Server) update(w http.ResponseWriter, r *http.Request) (any, error) {
	var req UpdateRequest
	if err := decode(w, r, &req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	lines := lineWriter{w: w, rc: http.NewResponseController(w)}
	err := s.dev.Update(ctx, req, func(now intercom.UpdateStatus) {
		if err := lines.write(UpdateLine{Status: &now}); err != nil {
			cancel() // nobody reads them any more
		}
	})
	if err != nil && !lines.begun {
		return nil, err
	}
	last := UpdateLine{Done: true}
	if err != nil {
		last.Error = err.Error()
	}
	if err := lines.write(last); err != nil {
		s.log.Debug("end of the update not delivered", "error", err)
	}
	return nil, errStreamed
}

// lineWriter writes JSON lines that come at long intervals.
type lineWriter struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	begun bool
}

func (l *lineWriter) write(line UpdateLine) error {
	if !l.begun {
		// The deadline of ordinary requests would end the stream.
		if err := l.rc.SetReadDeadline(time.Time{}); err != nil {
			return fmt.Errorf("lift read deadline: %w", err)
		}
		l.w.Header().Set("Content-Type", "application/x-ndjson")
		l.w.Header().Set("Cache-Control", "no-store")
		l.begun = true
	}
	return flushWithin(l.rc, func() error { return encoder(l.w).Encode(line) })
}

// Update asks for an update from source, see [UpdateRequest], or for a look at
// the manifest, and gives each status to f until it is done, f fails (its
// error), ctx ends (its error) or the daemon does ([ErrEnded]). Other errors are
// the daemon's.
func (c *Client) Update(ctx context.Context, source string, check bool, f func(intercom.UpdateStatus) error) error {
	resp, err := c.send(ctx, http.MethodPost, "/v1/update", UpdateRequest{Source: source, Check: check})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	err = readUpdate(resp.Body, f)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// readUpdate reads lines up to the one that says that it is done.
func readUpdate(r io.Reader, f func(intercom.UpdateStatus) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		var line UpdateLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("read progress: %w", err)
		}
		if line.Status != nil {
			if err := f(*line.Status); err != nil {
				return err
			}
		}
		switch {
		case line.Error != "":
			return errors.New(line.Error)
		case line.Done:
			return nil
		}
	}
	return ErrEnded
}
