package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/intercomd/intercomd/control"
)

// defaultSocket is the default of the configuration key control.socket.
const defaultSocket = "/run/intercomd/control.sock"

const (
	// socketVariable is how the environment sets control.socket, for the daemon
	// and for its commands alike.
	socketVariable = "INTERCOMD_CONTROL_SOCKET"
	// configVariable is the default of --config.
	configVariable = "INTERCOMD_CONFIG"
)

// client makes a client for the socket the command line means.
func (c *cli) client() (*control.Client, error) {
	path, err := c.socketPath()
	if err != nil {
		return nil, err
	}
	return control.NewClient(path), nil
}

// socketPath finds the socket: flag, environment, file, default.
func (c *cli) socketPath() (string, error) {
	if c.socket != "" {
		return c.socket, nil
	}
	if path := c.getenv(socketVariable); path != "" {
		return path, nil
	}
	if c.config == "" {
		return defaultSocket, nil
	}
	return socketOf(c.config)
}

// socketOf reads control.socket from a configuration file and nothing else:
// whoever may use the socket need not be able to read the secrets of the
// device, which loading the whole configuration would do.
func socketOf(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("find control socket: %w", err)
	}
	var raw struct {
		Control struct {
			Socket string `yaml:"socket"`
		} `yaml:"control"`
	}
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return "", fmt.Errorf("find control socket: %[1]s is not understood; intercomd check-config %[1]s says why", file)
	}
	if raw.Control.Socket == "" {
		return defaultSocket, nil
	}
	if !filepath.IsAbs(raw.Control.Socket) { // as config.Load understands it
		return filepath.Join(filepath.Dir(file), raw.Control.Socket), nil
	}
	return raw.Control.Socket, nil
}
