package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// poller reads the manifest and remembers the last one, so that a server need
// not send it twice. Only one goroutine uses it at a time.
type poller struct {
	agent string // User-Agent

	url, etag string
	body      []byte // verified anew each time: certificates and keyrings end
}

// poll returns the manifest, verified.
func (p *poller) poll(ctx context.Context, config Config, now time.Time) (Manifest, error) {
	keyring, err := readKeyring(config.Keyring)
	if err != nil {
		return Manifest{}, err
	}
	client, err := newHTTP(config.CAFile)
	if err != nil {
		return Manifest{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, manifestTime)
	defer cancel()
	if err := p.get(ctx, client, config.Manifest, now); err != nil {
		return Manifest{}, err
	}
	m, err := openManifest(p.body, keyring, now)
	if err != nil {
		p.etag = "" // what is bad is not kept
		return Manifest{}, err
	}
	return m, nil
}

// get brings body up to date.
func (p *poller) get(ctx context.Context, client *http.Client, url string, now time.Time) error {
	if p.url != url {
		*p = poller{agent: p.agent, url: url}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return errors.New("update.manifest is no web address")
	}
	req.Header.Set("User-Agent", p.agent)
	req.Header.Set("Accept", "application/json")
	if p.etag != "" {
		req.Header.Set("If-None-Match", p.etag)
	}
	resp, err := do(client, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && p.etag != "":
		return nil
	case resp.StatusCode != http.StatusOK:
		return refusedBy(resp, now)
	}
	p.etag = ""
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxManifest+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", redact(url), err)
	}
	p.body, p.etag = body, resp.Header.Get("ETag")
	return nil
}
