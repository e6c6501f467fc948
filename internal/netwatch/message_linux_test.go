package netwatch

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// message builds a netlink message: a header, and a payload padded as the
// kernel pads it.
func message(kind, flags uint16, payload ...[]byte) []byte {
	b := make([]byte, unix.NLMSG_HDRLEN)
	for _, p := range payload {
		b = append(b, p...)
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint16(b[6:], flags)
	return padded(b)
}

func attribute(kind uint16, value []byte) []byte {
	b := append(make([]byte, unix.SizeofRtAttr), value...)
	binary.NativeEndian.PutUint16(b, uint16(len(b)))
	binary.NativeEndian.PutUint16(b[2:], kind)
	return padded(b)
}

func number(n int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(n)) }

func ip(text string) []byte { return netip.MustParseAddr(text).AsSlice() }

func padded(b []byte) []byte { return append(b, make([]byte, aligned(len(b))-len(b))...) }

func linkMessage(index, flags int) []byte {
	return message(unix.RTM_NEWLINK, 0, make([]byte, 4), number(index), number(flags), make([]byte, 4),
		attribute(unix.IFLA_IFNAME, []byte("any")))
}

func addressMessage(family, scope uint8, link int, attributes ...[]byte) []byte {
	return message(unix.RTM_NEWADDR, 0, append([][]byte{{family, 24, 0, scope}, number(link)}, attributes...)...)
}

func routeMessage(family, length, table uint8, attributes ...[]byte) []byte {
	head := []byte{family, length, 0, 0, table, 0, 0, unix.RTN_UNICAST, 0, 0, 0, 0}
	return message(unix.RTM_NEWROUTE, unix.NLM_F_MULTI, append([][]byte{head}, attributes...)...)
}

func hop(link int, attributes ...[]byte) []byte {
	b := append([]byte{0, 0, 0, 0}, number(link)...)
	for _, a := range attributes {
		b = append(b, a...)
	}
	binary.NativeEndian.PutUint16(b, uint16(len(b)))
	return b
}

const running = unix.IFF_UP | unix.IFF_RUNNING

func TestNetwork(t *testing.T) {
	const inet, inet6, main, global, local = unix.AF_INET, unix.AF_INET6, unix.RT_TABLE_MAIN, unix.RT_SCOPE_UNIVERSE, unix.RT_SCOPE_LINK
	eth0 := linkMessage(2, running)
	v4 := addressMessage(inet, global, 2, attribute(unix.IFA_ADDRESS, ip("192.0.2.7")), attribute(unix.IFA_LOCAL, ip("192.0.2.7")))
	out := func(gateway string) [][]byte {
		return [][]byte{attribute(unix.RTA_OIF, number(2)), attribute(unix.RTA_GATEWAY, ip(gateway))}
	}
	metric := func(n int) []byte { return attribute(unix.RTA_PRIORITY, number(n)) }
	v6 := func(flags int) []byte {
		return addressMessage(inet6, global, 2, attribute(unix.IFA_ADDRESS, ip("2001:db8::7")), attribute(unix.IFA_FLAGS, number(flags)))
	}
	here, there := exit{2, netip.MustParseAddr("192.0.2.1")}, exit{3, netip.MustParseAddr("198.51.100.1")}
	tests := []struct {
		name     string
		messages [][]byte
		want     network
	}{
		{"nothing", nil, network{}},
		{"a link with an address", [][]byte{eth0, v4}, network{addresses: addresses("192.0.2.7")}},
		{"an address before its link", [][]byte{v4, eth0}, network{addresses: addresses("192.0.2.7")}},
		{"the own end of a point-to-point link", [][]byte{eth0,
			addressMessage(inet, global, 2, attribute(unix.IFA_LOCAL, ip("192.0.2.7")), attribute(unix.IFA_ADDRESS, ip("192.0.2.8")))},
			network{addresses: addresses("192.0.2.7")}},
		{"loopback", [][]byte{linkMessage(2, running|unix.IFF_LOOPBACK), v4}, network{}},
		{"no carrier", [][]byte{linkMessage(2, unix.IFF_UP), v4, routeMessage(inet, 0, main, out("192.0.2.1")...)}, network{}},
		{"switched off", [][]byte{linkMessage(2, unix.IFF_RUNNING), v4}, network{}},
		{"no such link", [][]byte{v4}, network{}},
		{"IPv4 link-local", [][]byte{eth0, addressMessage(inet, local, 2, attribute(unix.IFA_LOCAL, ip("169.254.3.4")))},
			network{addresses: addresses("169.254.3.4")}},
		{"IPv4 of link scope", [][]byte{eth0, addressMessage(inet, local, 2, attribute(unix.IFA_LOCAL, ip("192.0.2.7")))}, network{}},
		{"IPv6", [][]byte{eth0, v6(unix.IFA_F_MANAGETEMPADDR)}, network{addresses: addresses("2001:db8::7")}},
		{"IPv6 being checked", [][]byte{eth0, v6(unix.IFA_F_TENTATIVE)}, network{}},
		{"IPv6 taken by another", [][]byte{eth0, v6(unix.IFA_F_DADFAILED)}, network{}},
		{"IPv6 privacy address", [][]byte{eth0, v6(unix.IFA_F_TEMPORARY)}, network{}},
		{"IPv6 link-local", [][]byte{eth0, addressMessage(inet6, local, 2, attribute(unix.IFA_ADDRESS, ip("fe80::1")))}, network{}},
		{"second IPv4 address", [][]byte{eth0, v4, addressMessage(inet, global, 2, attribute(unix.IFA_LOCAL, ip("192.0.2.6")), attribute(unix.IFA_FLAGS, number(unix.IFA_F_SECONDARY)))},
			network{addresses: addresses("192.0.2.6", "192.0.2.7")}},
		{"one address on two links", [][]byte{eth0, linkMessage(3, running), v4, addressMessage(inet, global, 3, attribute(unix.IFA_LOCAL, ip("192.0.2.7")))},
			network{addresses: addresses("192.0.2.7")}},
		{"an address of odd length", [][]byte{eth0, addressMessage(inet, global, 2, attribute(unix.IFA_LOCAL, []byte{1, 2, 3}))}, network{}},

		{"a default route", [][]byte{eth0, routeMessage(inet, 0, main, out("192.0.2.1")...)}, network{ipv4: here}},
		{"a default route of IPv6", [][]byte{eth0, routeMessage(inet6, 0, main, out("fe80::1")...)},
			network{ipv6: exit{2, netip.MustParseAddr("fe80::1")}}},
		{"through a router of IPv6", [][]byte{eth0, routeMessage(inet, 0, main, attribute(unix.RTA_OIF, number(2)),
			attribute(unix.RTA_VIA, append([]byte{unix.AF_INET6, 0}, ip("fe80::1")...)))},
			network{ipv4: exit{2, netip.MustParseAddr("fe80::1")}}},
		{"without a router", [][]byte{eth0, routeMessage(inet, 0, main, attribute(unix.RTA_OIF, number(2)))}, network{ipv4: exit{link: 2}}},
		{"a route of one network", [][]byte{eth0, routeMessage(inet, 24, main, out("192.0.2.1")...)}, network{}},
		{"a route of another table", [][]byte{eth0, routeMessage(inet, 0, unix.RT_TABLE_LOCAL, out("192.0.2.1")...)}, network{}},
		{"a route of a table with a large number", [][]byte{eth0,
			routeMessage(inet, 0, unix.RT_TABLE_UNSPEC, append(out("192.0.2.1"), attribute(unix.RTA_TABLE, number(1000)))...)}, network{}},
		{"the lower metric", [][]byte{eth0, linkMessage(3, running),
			routeMessage(inet, 0, main, append(out("192.0.2.1"), metric(600))...),
			routeMessage(inet, 0, main, attribute(unix.RTA_OIF, number(3)), attribute(unix.RTA_GATEWAY, ip("198.51.100.1")), metric(100))},
			network{ipv4: there}},
		{"the lower metric without a carrier", [][]byte{eth0, linkMessage(3, unix.IFF_UP),
			routeMessage(inet, 0, main, attribute(unix.RTA_OIF, number(3)), metric(100)),
			routeMessage(inet, 0, main, append(out("192.0.2.1"), metric(600))...)},
			network{ipv4: here}},
		{"several next hops", [][]byte{eth0, linkMessage(3, unix.IFF_UP), routeMessage(inet, 0, main, attribute(unix.RTA_MULTIPATH,
			append(hop(3, attribute(unix.RTA_GATEWAY, ip("198.51.100.1"))), hop(2, attribute(unix.RTA_GATEWAY, ip("192.0.2.1")))...)))},
			network{ipv4: here}},
		{"other kinds of messages", [][]byte{eth0, message(unix.RTM_NEWNEIGH, 0, []byte{1}), v4}, network{addresses: addresses("192.0.2.7")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l list
			for _, m := range tt.messages {
				if done, err := l.parse(m); done || err != nil {
					t.Fatalf("parse %x: %t, %v", m, done, err)
				}
			}
			if got := l.network(); !got.equal(tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func addresses(texts ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

func TestParseEnds(t *testing.T) {
	link := linkMessage(2, running)
	cut := func(b []byte, n int) []byte { return b[:len(b)-n] }
	truncated := func(kind uint16) []byte { return message(kind, 0, []byte{1, 2, 3}) }
	badAttribute := []byte{200, 0, 1, 0}
	tests := []struct {
		name  string
		b     []byte
		done  bool
		fails bool
		is    error
	}{
		{name: "nothing", b: nil},
		{name: "a message", b: link},
		{name: "the end", b: append(link[:len(link):len(link)], message(unix.NLMSG_DONE, unix.NLM_F_MULTI, number(0))...), done: true},
		{name: "the end without a number", b: message(unix.NLMSG_DONE, 0), done: true},
		{name: "an error at the end", b: message(unix.NLMSG_DONE, 0, number(-int(unix.EINVAL))), done: true, fails: true, is: unix.EINVAL},
		{name: "a refusal", b: message(unix.NLMSG_ERROR, 0, number(-int(unix.EPERM))), done: true, fails: true, is: unix.EPERM},
		{name: "an acknowledgement", b: message(unix.NLMSG_ERROR, 0, number(0)), done: true},
		{name: "an impossible error number", b: message(unix.NLMSG_ERROR, 0, number(-1<<31)), done: true},
		{name: "an interrupted list", b: message(unix.RTM_NEWLINK, unix.NLM_F_DUMP_INTR, make([]byte, 16)), fails: true, is: errInterrupted},
		{name: "an interrupted end", b: message(unix.NLMSG_DONE, unix.NLM_F_DUMP_INTR), fails: true, is: errInterrupted},
		{name: "half a header", b: cut(message(unix.RTM_NEWLINK, 0), 8), fails: true},
		{name: "half a message", b: cut(link, 4), fails: true},
		{name: "a length of nothing", b: make([]byte, 16), fails: true},
		{name: "a short link", b: truncated(unix.RTM_NEWLINK), fails: true},
		{name: "a short address", b: truncated(unix.RTM_NEWADDR), fails: true},
		{name: "a short route", b: truncated(unix.RTM_NEWROUTE), fails: true},
		{name: "an address with a long attribute", b: addressMessage(unix.AF_INET, 0, 2, badAttribute), fails: true},
		{name: "a route with a long attribute", b: routeMessage(unix.AF_INET, 0, unix.RT_TABLE_MAIN, badAttribute), fails: true},
		{name: "a route with half an attribute", b: message(unix.RTM_NEWROUTE, 0, make([]byte, 14)), fails: true},
		{name: "half a next hop", b: routeMessage(unix.AF_INET, 0, unix.RT_TABLE_MAIN, attribute(unix.RTA_MULTIPATH, []byte{8, 0, 0, 0})), fails: true},
		{name: "a next hop of no length", b: routeMessage(unix.AF_INET, 0, unix.RT_TABLE_MAIN, attribute(unix.RTA_MULTIPATH, make([]byte, 8))), fails: true},
		{name: "a next hop with a long attribute", b: routeMessage(unix.AF_INET, 0, unix.RT_TABLE_MAIN, attribute(unix.RTA_MULTIPATH, hop(2, badAttribute))), fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l list
			done, err := l.parse(tt.b)
			if done != tt.done || (err != nil) != tt.fails || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %t, %v", done, err)
			}
		})
	}
}

// FuzzParse feeds the parser with what no kernel says: it must come to an end,
// and a network must come out.
func FuzzParse(f *testing.F) {
	f.Add(linkMessage(2, running))
	f.Add(addressMessage(unix.AF_INET, 0, 2, attribute(unix.IFA_LOCAL, ip("192.0.2.7"))))
	f.Add(routeMessage(unix.AF_INET6, 0, unix.RT_TABLE_MAIN, attribute(unix.RTA_MULTIPATH, hop(2, attribute(unix.RTA_GATEWAY, ip("fe80::1"))))))
	f.Add(message(unix.NLMSG_DONE, unix.NLM_F_MULTI, number(-22)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l list
		_, err := l.parse(b)
		n := l.network()
		if err == nil && len(n.addresses) > len(l.addresses) {
			t.Errorf("%d addresses of %d", len(n.addresses), len(l.addresses))
		}
		h := begin(network{})
		if change, ok := h.note(n); ok != n.up() || change.Up != n.up() {
			t.Errorf("%+v is told as %+v, %t", n, change, ok)
		}
	})
}
