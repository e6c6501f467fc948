package update

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// reportBody is what a report server gets.
type reportBody struct {
	Device  string `json:"device"`
	From    string `json:"from"`
	To      string `json:"to"`
	Outcome string `json:"outcome"`
	Error   string `json:"error"`
}

// report delivers one result.
func (w *worker) report(ctx context.Context, config Config, r report) event {
	ctx, cancel := context.WithTimeout(ctx, manifestTime)
	defer cancel()
	client, err := newHTTP(config.CAFile)
	if err != nil {
		return reported{err: err}
	}
	body, err := json.Marshal(reportBody{r.Device, r.From, r.To, r.Outcome, r.Error})
	if err != nil {
		return reported{err: fmt.Errorf("write report: %w", err), drop: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		return reported{err: errors.New("report_url is no web address"), drop: true}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", w.agent)
	resp, err := do(client, req)
	if err != nil {
		return reported{err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 2 {
		return reported{}
	}
	err = refusedBy(resp, time.Now())
	return reported{err: err, drop: !worthwhile(err)}
}
