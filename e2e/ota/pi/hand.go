package pi

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
)

// ErrReset says that the board was reset or lost its power while something ran
// on it.
var ErrReset = errors.New("the board was reset")

// ExitError says that a command in the guest failed.
type ExitError struct {
	Code   int
	Output string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("exit code %d: %s", e.Code, strings.TrimSpace(e.Output))
}

// hand runs commands in one boot of the guest; see overlay/usr/lib/lab/agent
// for what is spoken.
type hand struct {
	conn  net.Conn
	ready chan struct{} // closed by the guest's hello
	gone  chan struct{} // closed when the boot is over

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer // each holds one
}

type answer struct {
	code   int
	output string
}

func newHand(conn net.Conn) *hand {
	return &hand{conn: conn, ready: make(chan struct{}), gone: make(chan struct{}), waiting: map[int]chan answer{}}
}

// listen reads answers until the connection ends.
func (h *hand) listen() {
	defer close(h.gone)
	in := bufio.NewReader(h.conn)
	for said := false; ; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		words := strings.Fields(line)
		switch {
		case len(words) == 1 && words[0] == "hello" && !said:
			said = true
			close(h.ready)
		case len(words) >= 2:
			h.hear(append(words, "")[:3])
		}
	}
}

// hear takes an answer: number, code and output.
func (h *hand) hear(words []string) {
	number, err1 := strconv.Atoi(words[0])
	code, err2 := strconv.Atoi(words[1])
	output, err3 := base64.StdEncoding.DecodeString(words[2])
	if errors.Join(err1, err2, err3) != nil {
		return // cut off by a reset
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if waiting := h.waiting[number]; waiting != nil {
		delete(h.waiting, number)
		waiting <- answer{code, string(output)}
	}
}

// do runs shell text in the guest and waits for its end.
func (h *hand) do(ctx context.Context, text string) (string, error) {
	select {
	case <-h.ready:
	case <-h.gone:
		return "", ErrReset
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	done := make(chan answer, 1)
	h.mu.Lock()
	h.last++
	h.waiting[h.last] = done
	_, err := fmt.Fprintf(h.conn, "%d %s\n", h.last, base64.StdEncoding.EncodeToString([]byte(text)))
	h.mu.Unlock()
	if err != nil {
		return "", ErrReset
	}
	select {
	case a := <-done:
		if a.code != 0 {
			return a.output, &ExitError{a.code, a.output}
		}
		return a.output, nil
	case <-h.gone:
		return "", ErrReset
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
