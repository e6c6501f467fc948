// Package prosody prepares folders from which a real Prosody runs in tests.
//
// What differs is the caller's: the configuration, and where and how the server
// is started. Its modules should not include pep, whose headlines carry no
// extraParams and deafen the SDK, nor offline: QuickBlox's own server keeps no
// messages for later.
package prosody

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// User is the system's user that the server runs as, that of Debian's package.
const User = "prosody"

// Prepare writes the server's configuration and an account for each local part
// of a JID into dir, which the system's users must be able to reach, and gives
// everything in it to the server. The configuration names dir/data as data_path
// and internal_plain as authentication.
func Prepare(dir, domain, config string, passwords map[string]string) error {
	accounts := filepath.Join(dir, "data", encode(domain), "accounts")
	if err := os.MkdirAll(accounts, 0o755); err != nil {
		return fmt.Errorf("create accounts: %w", err)
	}
	for local, password := range passwords {
		line := fmt.Sprintf("return { [\"password\"] = %q; };\n", password)
		if err := os.WriteFile(filepath.Join(accounts, encode(local)+".dat"), []byte(line), 0o600); err != nil {
			return fmt.Errorf("write account: %w", err)
		}
	}
	if err := os.WriteFile(configFile(dir), []byte(config), 0o600); err != nil {
		return fmt.Errorf("write server configuration: %w", err)
	}
	return GiveTo(User, dir)
}

func configFile(dir string) string { return filepath.Join(dir, "prosody.cfg.lua") }

// encode writes a name as that of one of the server's flat files: what is
// neither a letter nor a digit percent-encoded.
func encode(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

// GiveTo makes a system's user the owner of everything below dir.
func GiveTo(name, dir string) error {
	uid, _, err := ids(name)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(uid), -1)
	})
}

func ids(name string) (uid, gid uint32, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, fmt.Errorf("find the server's user (is the Debian package there?): %w", err)
	}
	uid64, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, 0, fmt.Errorf("read uid of %s: %w", name, err)
	}
	gid64, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return 0, 0, fmt.Errorf("read gid of %s: %w", name, err)
	}
	return uint32(uid64), uint32(gid64), nil
}

// Arguments is the command line that runs the server of a prepared folder, for
// those who start it as [User] themselves.
func Arguments(dir string) []string { return []string{"prosody", "-F", "--config", configFile(dir)} }

// Command is the server of a prepared folder, not started yet. It ends with the
// thread that starts it.
func Command(dir string) (*exec.Cmd, error) {
	uid, gid, err := ids(User)
	if err != nil {
		return nil, err
	}
	args := Arguments(dir)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}, Pdeathsig: syscall.SIGKILL}
	return cmd, nil
}
