package quickblox

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/intercomd/intercomd/call"
)

const bandwidthKey = "bandwidth"

// isReserved says whether an element inside userInfo must not have that name.
// The SDK looks for delay and moduleIdentifier anywhere in the stanza, and
// userInfo comes first (SDK: qbChat.js, _onSystemMessageListener).
func isReserved(name string) bool {
	return name == bandwidthKey || name == "delay" || name == "moduleIdentifier"
}

// writeUserInfo writes the userInfo element, or nothing if it would be empty:
// the SDK leaves an empty one out. A call always has the bandwidth, and so has
// a rejection that echoes it.
func writeUserInfo(b *bytes.Buffer, s *call.Signal) error {
	withBandwidth := s.Bandwidth != 0 || s.Type == call.SignalCall || s.Type == call.SignalReject && s.SDP != ""
	if len(s.Extension) == 0 && !withBandwidth {
		return nil
	}
	if s.Bandwidth < 0 {
		return fieldErrorf("userInfo", "bandwidth %d is negative", s.Bandwidth)
	}
	if err := checkExtension(s.Extension); err != nil {
		return err
	}
	openElement(b, "userInfo")
	writeKeys(b, s.Extension, slices.Sorted(maps.Keys(s.Extension)), "", 1)
	if withBandwidth {
		writeElement(b, bandwidthKey, strconv.Itoa(s.Bandwidth))
	}
	closeElement(b, "userInfo")
	return nil
}

func checkExtension(ext call.Extension) error {
	if len(ext) > maxUserInfoKeys {
		return fieldErrorf("userInfo", "%d keys, at most %d allowed", len(ext), maxUserInfoKeys)
	}
	size := 0
	for _, key := range slices.Sorted(maps.Keys(ext)) {
		size += len(key) + len(carried(ext[key]))
		if !isName(key) {
			return fieldErrorf("userInfo", "key %q is not an XML name", key)
		}
		for part := range strings.SplitSeq(key, ".") {
			if isReserved(part) {
				return fieldErrorf("userInfo", "key %q is reserved", key)
			}
		}
	}
	if size > maxUserInfoBytes {
		return fieldErrorf("userInfo", "%d bytes, at most %d allowed", size, maxUserInfoBytes)
	}
	return nil
}

// writeKeys writes the sorted keys, all of which begin with prefix, as
// elements named by the rest. Keys that share their next part are put into an
// element of that name if it gets two or more children.
func writeKeys(b *bytes.Buffer, ext call.Extension, keys []string, prefix string, depth int) {
	for len(keys) > 0 {
		n := 1
		head := groupHead(keys[0][len(prefix):])
		if head != "" && depth < maxDepth-1 {
			n = groupSize(keys, prefix+head+".")
		}
		if _, leaf := ext[prefix+head]; n < 2 || leaf {
			writeElement(b, keys[0][len(prefix):], ext[keys[0]])
			keys = keys[1:]
			continue
		}
		openElement(b, head)
		writeKeys(b, ext, keys[:n], prefix+head+".", depth+1)
		closeElement(b, head)
		keys = keys[n:]
	}
}

// groupHead returns the part of a key before its first dot, or "" if the key
// has no dot.
func groupHead(key string) string {
	head, _, found := strings.Cut(key, ".")
	if !found {
		return ""
	}
	return head
}

// groupSize counts the leading keys that begin with prefix. It returns 0 if
// they cannot share an element: what is left of one is no name, or they would
// all be inside a single child.
func groupSize(keys []string, prefix string) int {
	n, single := 0, true
	first := groupHead(strings.TrimPrefix(keys[0], prefix))
	for n < len(keys) && strings.HasPrefix(keys[n], prefix) {
		rest := keys[n][len(prefix):]
		if !isName(rest) {
			return 0
		}
		single = single && first != "" && groupHead(rest) == first
		n++
	}
	if single {
		return 0
	}
	return n
}

// flattener reads userInfo into an extension. The names of nested elements are
// joined with dots, and of two equal keys the last wins, as in the SDK.
type flattener struct {
	ext       call.Extension
	bandwidth string
	size      int
}

func (f *flattener) add(parent *element, prefix string) error {
	for _, child := range parent.children {
		key := prefix + child.name
		if len(child.children) > 0 {
			if err := f.add(child, key+"."); err != nil {
				return err
			}
			continue
		}
		if key == bandwidthKey {
			f.bandwidth = child.text
			continue
		}
		if err := f.set(key, child.text); err != nil {
			return err
		}
	}
	return nil
}

func (f *flattener) set(key, value string) error {
	f.size += len(key) + len(value)
	if f.size > maxUserInfoBytes {
		return fieldErrorf("userInfo", "more than %d bytes", maxUserInfoBytes)
	}
	f.ext[key] = value
	if len(f.ext) > maxUserInfoKeys {
		return fieldErrorf("userInfo", "more than %d keys", maxUserInfoKeys)
	}
	return nil
}
