package netwatch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// errInterrupted says that something changed while the kernel was listing, so
// that the list may lack something.
var errInterrupted = errors.New("the list changed while it was read")

// attributeKind is NLA_TYPE_MASK of linux/netlink.h: the two upper bits say how
// an attribute is stored.
const attributeKind = 0x3fff

// list is what the kernel lists: netlink(7), rtnetlink(7).
type list struct {
	links     map[int]uint32 // flags by index
	addresses []address
	routes    []route
}

type address struct {
	link  int
	ip    netip.Addr
	scope uint8
	flags uint32
}

// route is a default route, or one of its next hops.
type route struct {
	ipv6   bool
	metric uint32
	exit
}

// parse takes one datagram of the kernel's answer. done says that the answer
// is complete. Kinds of messages that nobody asked for are passed over.
func (l *list) parse(b []byte) (done bool, err error) {
	for len(b) > 0 {
		if len(b) < unix.NLMSG_HDRLEN {
			return false, fmt.Errorf("read netlink header: %d bytes", len(b))
		}
		size, kind, flags := u32(b), u16(b[4:]), u16(b[6:])
		if size < unix.NLMSG_HDRLEN || uint64(size) > uint64(len(b)) {
			return false, fmt.Errorf("read netlink header: length %d of %d bytes", size, len(b))
		}
		if flags&unix.NLM_F_DUMP_INTR != 0 {
			return false, errInterrupted
		}
		done, err = l.message(kind, b[unix.NLMSG_HDRLEN:size])
		if done || err != nil {
			return done, err
		}
		b = b[min(aligned(int(size)), len(b)):]
	}
	return false, nil
}

func (l *list) message(kind uint16, b []byte) (done bool, err error) {
	switch kind {
	case unix.NLMSG_DONE, unix.NLMSG_ERROR:
		return true, failure(b)
	case unix.RTM_NEWLINK:
		err = l.link(b)
	case unix.RTM_NEWADDR:
		err = l.address(b)
	case unix.RTM_NEWROUTE:
		err = l.route(b)
	}
	return false, err
}

// failure reads the error number that the end of a list and an error message
// begin with, 0 for none.
func failure(b []byte) error {
	if len(b) < 4 {
		return nil
	}
	if code := int32(u32(b)); code < 0 && code > math.MinInt32 {
		return unix.Errno(-code)
	}
	return nil
}

// link reads a struct ifinfomsg.
func (l *list) link(b []byte) error {
	if len(b) < unix.SizeofIfInfomsg {
		return fmt.Errorf("read link: %d bytes", len(b))
	}
	if l.links == nil {
		l.links = make(map[int]uint32)
	}
	l.links[int(int32(u32(b[4:])))] = u32(b[8:])
	return nil
}

// address reads a struct ifaddrmsg and its attributes.
func (l *list) address(b []byte) error {
	if len(b) < unix.SizeofIfAddrmsg {
		return fmt.Errorf("read address: %d bytes", len(b))
	}
	a := address{link: int(int32(u32(b[4:]))), flags: uint32(b[2]), scope: b[3]}
	err := attributes(b[unix.SizeofIfAddrmsg:], func(kind uint16, v []byte) {
		switch {
		case kind == unix.IFA_LOCAL, kind == unix.IFA_ADDRESS && !a.ip.IsValid():
			a.ip, _ = netip.AddrFromSlice(v)
		case kind == unix.IFA_FLAGS && len(v) >= 4: // those that do not fit into the byte too
			a.flags = u32(v)
		}
	})
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	l.addresses = append(l.addresses, a)
	return nil
}

// route reads a struct rtmsg and its attributes, if it is a default route of
// the main table.
func (l *list) route(b []byte) error {
	if len(b) < unix.SizeofRtMsg {
		return fmt.Errorf("read route: %d bytes", len(b))
	}
	family, length, table, kind, flags := b[0], b[1], uint32(b[4]), b[7], u32(b[8:])
	r := route{ipv6: family == unix.AF_INET6}
	var hops []byte
	err := attributes(b[unix.SizeofRtMsg:], func(kind uint16, v []byte) {
		r.attribute(kind, v)
		switch {
		case kind == unix.RTA_PRIORITY && len(v) >= 4:
			r.metric = u32(v)
		case kind == unix.RTA_TABLE && len(v) >= 4:
			table = u32(v)
		case kind == unix.RTA_MULTIPATH:
			hops = v
		}
	})
	if err != nil {
		return fmt.Errorf("read route: %w", err)
	}
	if length != 0 || table != unix.RT_TABLE_MAIN || kind != unix.RTN_UNICAST || flags&unix.RTM_F_CLONED != 0 {
		return nil
	}
	if hops != nil {
		return l.hops(r, hops)
	}
	l.routes = append(l.routes, r)
	return nil
}

// attribute takes what a route and a next hop of one have in common.
func (r *route) attribute(kind uint16, v []byte) {
	switch {
	case kind == unix.RTA_OIF && len(v) >= 4:
		r.link = int(int32(u32(v)))
	case kind == unix.RTA_GATEWAY:
		r.gateway, _ = netip.AddrFromSlice(v)
	case kind == unix.RTA_VIA && len(v) > 2: // struct rtvia: the family comes first
		r.gateway, _ = netip.AddrFromSlice(v[2:])
	}
}

// hops reads the struct rtnexthops of a route with several.
func (l *list) hops(r route, b []byte) error {
	for len(b) > 0 {
		if len(b) < unix.SizeofRtNexthop {
			return fmt.Errorf("read next hop: %d bytes", len(b))
		}
		size := int(u16(b))
		if size < unix.SizeofRtNexthop || size > len(b) {
			return fmt.Errorf("read next hop: length %d of %d bytes", size, len(b))
		}
		hop := r
		hop.link = int(int32(u32(b[4:])))
		if err := attributes(b[unix.SizeofRtNexthop:size], hop.attribute); err != nil {
			return fmt.Errorf("read next hop: %w", err)
		}
		l.routes = append(l.routes, hop)
		b = b[min(aligned(size), len(b)):]
	}
	return nil
}

// attributes gives every struct rtattr to f.
func attributes(b []byte, f func(kind uint16, value []byte)) error {
	for len(b) > 0 {
		if len(b) < unix.SizeofRtAttr {
			return fmt.Errorf("attribute of %d bytes", len(b))
		}
		size := int(u16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			return fmt.Errorf("attribute of length %d in %d bytes", size, len(b))
		}
		f(u16(b[2:])&attributeKind, b[unix.SizeofRtAttr:size])
		b = b[min(aligned(size), len(b)):]
	}
	return nil
}

// network says what of a list traffic can leave by.
func (l *list) network() network {
	var n network
	for _, a := range l.addresses {
		if l.carries(a.link) && a.usable() {
			n.addresses = append(n.addresses, a.ip)
		}
	}
	slices.SortFunc(n.addresses, netip.Addr.Compare)
	n.addresses = slices.Compact(n.addresses)
	n.ipv4, n.ipv6 = l.exit(false), l.exit(true)
	return n
}

// exit finds the default route that the kernel prefers, of those over links
// that carry anything.
func (l *list) exit(ipv6 bool) exit {
	var best route
	for _, r := range l.routes {
		if r.ipv6 != ipv6 || !l.carries(r.link) {
			continue
		}
		if best.exit == (exit{}) || r.metric < best.metric {
			best = r
		}
	}
	return best.exit
}

// carries says whether a link is no loopback and operationally up. IFF_RUNNING
// is that of RFC 2863, see netdevice(7).
func (l *list) carries(link int) bool {
	const up = unix.IFF_UP | unix.IFF_RUNNING
	flags := l.links[link]
	return flags&up == up && flags&unix.IFF_LOOPBACK == 0
}

// usable says whether an address can be reached from elsewhere, and for long.
func (a address) usable() bool {
	if a.flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 {
		return false
	}
	// In IPv4 the same bit means a second address of the same network.
	if a.ip.Is6() && a.flags&unix.IFA_F_TEMPORARY != 0 {
		return false
	}
	return a.ip.IsValid() && (a.scope < unix.RT_SCOPE_LINK || a.ip.Is4() && a.ip.IsLinkLocalUnicast())
}

// aligned rounds up as NLMSG_ALIGN, RTA_ALIGN and RTNH_ALIGN do.
func aligned(n int) int { return (n + unix.NLMSG_ALIGNTO - 1) &^ (unix.NLMSG_ALIGNTO - 1) }

func u16(b []byte) uint16 { return binary.NativeEndian.Uint16(b) }
func u32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
