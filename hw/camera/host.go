package camera

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// host is the machine whose cameras are meant.
type host struct {
	sys         v4l2.System
	links       func() map[string]string          // node → /dev/v4l/by-id/…
	resolve     func(path string) (string, error) // follows links
	descriptors func(node string) []byte          // USB descriptors behind a node
	child       func() string                     // path of rpicam-vid, "" without one
	owner       func(path string) string          // group that may open a node
	measure     func() (float64, error)           // what the software encoder manages, in pixels a second
}

// localHost is the machine the program runs on.
func localHost() host {
	return host{
		sys: v4l2.Kernel(), links: byID, resolve: filepath.EvalSymlinks, descriptors: usbDescriptors,
		child: findChild, owner: groupOf, measure: softwarePixels,
	}
}

// byID reads the links that udev makes of a device's serial number: they stay
// the same wherever it is plugged in. The first interface's are wanted.
func byID() map[string]string {
	links := map[string]string{}
	found, err := filepath.Glob("/dev/v4l/by-id/*")
	if err != nil {
		return links
	}
	for _, link := range found {
		if node, err := filepath.EvalSymlinks(link); err == nil {
			links[node] = link
		}
	}
	return links
}

// maxDescriptors bounds what is read of a USB device, in bytes.
const maxDescriptors = 64 << 10

// usbDescriptors reads what the kernel keeps of a USB device: the node's device
// is an interface of it, one level below.
func usbDescriptors(node string) []byte {
	data, err := os.ReadFile("/sys/class/video4linux/" + filepath.Base(node) + "/device/../descriptors")
	if err != nil || len(data) > maxDescriptors {
		return nil
	}
	return data
}

// findChild looks for rpicam-vid under its present and its former name.
func findChild() string {
	for _, name := range []string{"rpicam-vid", "libcamera-vid"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// groupOf is the group that may open a node, "video" when that cannot be told.
func groupOf(path string) string {
	const usual = "video"
	info, err := os.Stat(path)
	if err != nil {
		return usual
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return usual
	}
	return groupName(os.DirFS("/etc"), int(st.Gid), usual)
}

// groupName looks a group up. Package os/user would bring the C library's
// databases into a static program.
func groupName(etc fs.FS, gid int, otherwise string) string {
	data, err := fs.ReadFile(etc, "group")
	if err != nil {
		return otherwise
	}
	if name, ok := lookUp(string(data), strconv.Itoa(gid)); ok {
		return name
	}
	return otherwise
}
