package abuse

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// udpPorts lists where a process on this network receives datagrams, as
// addresses on loopback (proc(5): /proc/PID/fd and /proc/net/udp).
func udpPorts(pid int) ([]*net.UDPAddr, error) {
	sockets, err := socketsOf(pid)
	if err != nil {
		return nil, err
	}
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/udp", pid))
	if err != nil {
		return nil, fmt.Errorf("list ports: %w", err)
	}
	var ports []*net.UDPAddr
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		const local, inode = 1, 9
		if len(fields) <= inode || !sockets["socket:["+fields[inode]+"]"] {
			continue
		}
		_, hex, _ := strings.Cut(fields[local], ":")
		port, err := strconv.ParseUint(hex, 16, 16)
		if err != nil {
			return nil, fmt.Errorf("list ports: %w", err)
		}
		ports = append(ports, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
	}
	if len(ports) == 0 {
		return nil, fmt.Errorf("list ports: process %d has none", pid)
	}
	return ports, nil
}

// socketsOf lists what the descriptors of a process are.
func socketsOf(pid int) (map[string]bool, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list sockets: %w", err)
	}
	all := map[string]bool{}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil { // one may have been closed since
			all[target] = true
		}
	}
	return all, nil
}
