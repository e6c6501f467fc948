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

// Update asks for an update and gives each status to report until it is done.
// The error is the daemon's, that of ctx, or [ErrEnded] when the daemon ends
// before it has said how it went.
func (c *Client) Update(ctx context.Context, r UpdateRequest, report func(intercom.UpdateStatus)) error {
	resp, err := c.send(ctx, http.MethodPost, "/v1/update", r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	err = readUpdate(resp.Body, report)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// readUpdate reads lines up to the one that says that it is done.
func readUpdate(r io.Reader, report func(intercom.UpdateStatus)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		var line UpdateLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("read progress: %w", err)
		}
		if line.Status != nil {
			report(*line.Status)
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
