package update

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	deviceFile = "device-id"
	deviceBits = 128
	bootIDFile = "/proc/sys/kernel/random/boot_id"
	maxSmall   = 64 << 10 // bytes of os-release and the like
)

// image says what is installed, by the os-release(5) of the slot that runs.
type image struct {
	id      string // IMAGE_ID, e.g. intercom-rpi4; "" on other systems
	version string // IMAGE_VERSION
}

// readImage reads the two keys; values may be quoted as in a shell.
func readImage(path string) (image, error) {
	data, err := readLimited(path, maxSmall)
	if err != nil {
		return image{}, fmt.Errorf("read %s: %w", path, err)
	}
	var img image
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		key, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "IMAGE_ID":
			img.id = value
		case "IMAGE_VERSION":
			img.version = value
		}
	}
	return img, nil
}

// deviceID is the device's own random number, made when it is missing. The
// error is beside an id that holds for this run only.
func deviceID(dir string) (string, error) {
	path := filepath.Join(dir, deviceFile)
	data, err := readLimited(path, maxSmall)
	id := strings.TrimSpace(string(data))
	if raw, errHex := hex.DecodeString(id); err == nil && errHex == nil && len(raw) == deviceBits/8 {
		return id, nil
	}
	raw := make([]byte, deviceBits/8)
	rand.Read(raw)
	id = hex.EncodeToString(raw)
	return id, writeAtomic(path, []byte(id+"\n"))
}

// readBootID tells one start of the kernel from another.
func readBootID(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
