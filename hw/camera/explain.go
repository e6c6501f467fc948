package camera

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// explain adds to an error what to do about it.
func (h host) explain(err error, node string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%w: another program holds it; stop that program (`fuser -v %s` names it)", err, node)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: add this program's user to the group %q", err, h.owner(node))
	case v4l2.Unplugged(err):
		return fmt.Errorf("%w: it was unplugged or reset; check the cable and the power supply", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: check the cable, and the name with `intercomd devices`", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: the USB bus has no bandwidth left; ask for a smaller picture or plug the camera into another controller", err)
	case errors.Is(err, v4l2.ErrNoFrame):
		return fmt.Errorf("%w: check cable and power supply, and that no privacy switch is closed", err)
	case errors.Is(err, syscall.EIO):
		return fmt.Errorf("%w: the device or its cable is faulty; plug it in anew", err)
	}
	return err
}

// lookUp finds a name by id in a file of lines like name:password:id:….
func lookUp(file, id string) (string, bool) {
	for line := range strings.SplitSeq(file, "\n") {
		if f := strings.Split(line, ":"); len(f) >= 3 && f[2] == id && f[0] != "" {
			return f[0], true
		}
	}
	return "", false
}

// identity is what a camera is known by when it comes back under another node
// number.
type identity struct{ link, name, bus string }

func identify(n plan.Node) identity { return identity{link: n.Link, name: n.Name, bus: n.Bus} }

// find looks for a camera seen before: by its link, then by name and bus, then
// by name alone when there is only one.
func (id identity) find(nodes []plan.Node) (plan.Node, bool) {
	var named []plan.Node
	for _, n := range nodes {
		if !n.Is(plan.Camera) {
			continue
		}
		if id.link != "" && n.Link == id.link || n.Name == id.name && n.Bus == id.bus {
			return n, true
		}
		if n.Name == id.name {
			named = append(named, n)
		}
	}
	if len(named) == 1 {
		return named[0], true
	}
	return plan.Node{}, false
}
