package config

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

var (
	errICEScheme    = errors.New("is not a STUN or TURN URL, allowed are stun:, stuns:, turn: and turns: URLs")
	errICEHost      = errors.New("has no valid host, allowed is SCHEME:HOST[:PORT]")
	errICEPort      = errors.New("has no valid port, allowed are 1 to 65535")
	errICETransport = errors.New("has an unknown parameter, allowed are ?transport=udp and ?transport=tcp with turn: and turns: URLs")
)

// checkICEURL checks the URL of a STUN (RFC 7064) or TURN (RFC 7065) server.
func checkICEURL(url string) error {
	scheme, rest, _ := strings.Cut(url, ":")
	turn := scheme == "turn" || scheme == "turns"
	if !turn && scheme != "stun" && scheme != "stuns" {
		return errICEScheme
	}
	address, query, hasQuery := strings.Cut(rest, "?")
	if hasQuery && (!turn || query != "transport=udp" && query != "transport=tcp") {
		return errICETransport
	}
	host, port, hasPort := cutPort(address)
	if !isHost(host) {
		return errICEHost
	}
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0) {
		return errICEPort
	}
	return nil
}

// cutPort splits host[:port]; an IPv6 address stands in brackets (RFC 3986
// section 3.2.2).
func cutPort(address string) (host, port string, hasPort bool) {
	if end := strings.LastIndexByte(address, ']'); strings.HasPrefix(address, "[") && end > 0 {
		port, hasPort = strings.CutPrefix(address[end+1:], ":")
		if !hasPort && end+1 < len(address) {
			return "", "", false
		}
		return address[:end+1], port, hasPort
	}
	return strings.Cut(address, ":")
}

func isHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && ip.Is6()
	}
	return host != "" && len(host) <= 255 && !strings.ContainsFunc(host, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && r != '-' && r != '.' && r != '_'
	})
}
