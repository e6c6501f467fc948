//go:build e2e

package ota

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// manifest signs a manifest for bundles with the project's script. signer is a
// name of scripts/pki.sh.
func (l *lab) manifest(t *testing.T, signer string, bundles ...string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "manifest.json")
	key := filepath.Join(l.pki, signer)
	args := []string{"--cert", key + ".pem", "--key", key + ".key", "--url", httpsURL, "--unchecked", "-o", out}
	cmd := exec.CommandContext(t.Context(), "scripts/manifest.sh", append(args, bundles...)...)
	cmd.Dir = "../.."
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make manifest: %v\n%s", err, text)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// changed decodes a manifest's envelope and lets f change it.
func changed(t *testing.T, manifest []byte, f func(envelope map[string]any)) []byte {
	t.Helper()
	var envelope map[string]any
	if err := json.Unmarshal(manifest, &envelope); err != nil {
		t.Fatal(err)
	}
	f(envelope)
	text, err := json.Marshal(envelope)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// oversized makes a manifest of more than the 64 KiB that a device reads.
func oversized(manifest []byte) []byte {
	return append(manifest, bytes.Repeat([]byte(" "), 64<<10)...)
}

// payload is what a manifest's signature is over, as its envelope has it.
func payload(t *testing.T, manifest []byte) any {
	t.Helper()
	var p any
	changed(t, manifest, func(envelope map[string]any) { p = envelope["payload"] })
	return p
}
