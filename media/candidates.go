package media

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The bounds of what candidates of a peer are taken: each is an address that
// we send checks to.
const (
	maxCandidates   = 64   // of a PeerConnection
	maxNames        = 16   // of them mDNS names, which are asked for in the local network
	longest         = 1024 // bytes of one
	maxToldOf       = 256  // that are looked at, of a PeerConnection
	mdnsSuffix      = ".local"
	longestMDNSName = 63 + len(mdnsSuffix) // one DNS label (RFC 1035 2.3.4)
)

// candidateFilter decides which candidates of a peer are used.
type candidateFilter struct {
	loopback bool // addresses of the own machine are of use
	taken    int
	names    int
}

// take counts a candidate (RFC 8839 5.1, with or without "a=") that is to be
// used; the error tells why another is not.
func (f *candidateFilter) take(candidate string) error {
	if f.taken >= maxCandidates {
		return fmt.Errorf("more than %d candidates", maxCandidates)
	}
	if len(candidate) > longest {
		return errors.New("candidate is too long")
	}
	name, err := f.inspect(candidate)
	if err != nil {
		return err
	}
	if name {
		if f.names >= maxNames {
			return fmt.Errorf("more than %d candidates with names", maxNames)
		}
		f.names++
	}
	f.taken++
	return nil
}

// inspect looks at the address. Names are told.
func (f *candidateFilter) inspect(candidate string) (name bool, err error) {
	const transport, address, port, kind = 2, 4, 5, 7
	candidate = strings.TrimPrefix(strings.TrimPrefix(candidate, "a="), "candidate:")
	fields := strings.Fields(candidate)
	if len(fields) <= kind {
		return false, errors.New("candidate is cut short")
	}
	if !strings.EqualFold(fields[transport], "udp") {
		return false, errors.New("candidate is not of UDP")
	}
	if n, err := strconv.ParseUint(fields[port], 10, 16); err != nil || n == 0 {
		return false, errors.New("candidate has no port")
	}
	if isMDNSName(fields[address]) && fields[kind] == "host" {
		return true, nil
	}
	addr, err := netip.ParseAddr(fields[address])
	if err != nil {
		return false, errors.New("candidate has no address")
	}
	return false, f.check(addr.Unmap())
}

// check refuses addresses that no peer has.
func (f *candidateFilter) check(addr netip.Addr) error {
	switch {
	case addr.IsUnspecified(), addr.IsMulticast(), addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("nobody has address %s", addr)
	case addr.IsLoopback() && !f.loopback:
		return fmt.Errorf("address %s is our own", addr)
	}
	return nil
}

// isMDNSName reports whether name is of the kind browsers make up to hide their
// addresses: one label below .local. No other name is ever looked up.
func isMDNSName(name string) bool {
	label, ok := strings.CutSuffix(name, mdnsSuffix)
	return ok && label != "" && len(name) <= longestMDNSName && !strings.ContainsAny(label, ".%/\\")
}

// filterLines drops the candidates of a description that are of no use.
func (f *candidateFilter) filterLines(text string) string {
	if !strings.Contains(text, "a=candidate:") {
		return text
	}
	var b strings.Builder
	for line := range strings.SplitAfterSeq(text, "\r\n") {
		if strings.HasPrefix(line, "a=candidate:") && f.take(strings.TrimSpace(line)) != nil {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}
