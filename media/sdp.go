package media

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/sdp/v3"
)

// The bounds of what a peer may send.
const (
	maxSDP      = 64 << 10 // bytes
	maxSections = 16       // m-lines
)

// remoteDescription is a description from a peer after inspection.
type remoteDescription struct {
	text   string      // with CRLF lines and the candidates that are of use
	sends  []call.Kind // what the peer may send, audio before video
	common []call.Kind // what there is a codec in common for
}

// parseRemote checks a description from outside and brings it into the form
// pion expects, with the candidates that candidates takes. It never panics.
func parseRemote(text string, candidates *candidateFilter) (desc remoteDescription, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("parse description: %v", r)
		}
	}()
	if len(text) > maxSDP {
		return desc, fmt.Errorf("parse description: %d bytes are more than %d", len(text), maxSDP)
	}
	desc.text = candidates.filterLines(normalize(text))
	var parsed sdp.SessionDescription
	if err = parsed.UnmarshalString(desc.text); err != nil {
		return desc, fmt.Errorf("parse description: %w", err)
	}
	if len(parsed.MediaDescriptions) == 0 || len(parsed.MediaDescriptions) > maxSections {
		return desc, fmt.Errorf("parse description: %d media sections", len(parsed.MediaDescriptions))
	}
	err = desc.inspect(&parsed)
	return desc, err
}

// normalize ends every line with CRLF (RFC 8866 5); XML turns CRLF into LF on
// the way.
func normalize(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimRight(line, " \t"); line != "" {
			b.WriteString(line)
			b.WriteString("\r\n")
		}
	}
	return b.String()
}

// inspect finds what the peer sends and whether there is a codec in common.
func (d *remoteDescription) inspect(parsed *sdp.SessionDescription) error {
	var offered []string
	common, sends := map[call.Kind]bool{}, map[call.Kind]bool{}
	for _, m := range parsed.MediaDescriptions {
		kind := call.Kind(m.MediaName.Media)
		if m.MediaName.Port.Value == 0 || kind != call.KindAudio && kind != call.KindVideo {
			continue
		}
		names, ok := codecsOf(m, kind)
		offered = append(offered, names...)
		common[kind] = common[kind] || ok
		sends[kind] = sends[kind] || ok && sending(parsed, m)
	}
	for _, kind := range []call.Kind{call.KindAudio, call.KindVideo} {
		if common[kind] {
			d.common = append(d.common, kind)
		}
		if sends[kind] {
			d.sends = append(d.sends, kind)
		}
	}
	if len(d.common) == 0 {
		return noCommonCodec(offered)
	}
	return nil
}

// ErrNoCommonCodec is wrapped by the error for a description from which no
// codec can be used.
var ErrNoCommonCodec = errors.New("no common codec")

// noCommonCodec names what was offered, shortened: it goes into logs.
func noCommonCodec(offered []string) error {
	if len(offered) == 0 {
		return fmt.Errorf("%w: peer offers nothing", ErrNoCommonCodec)
	}
	const most = 12
	if len(offered) > most {
		offered = append(offered[:most:most], "…")
	}
	return fmt.Errorf("%w: peer offers %s", ErrNoCommonCodec, strings.Join(offered, ", "))
}

// codecsOf lists the codecs of a section and reports whether one is ours.
func codecsOf(m *sdp.MediaDescription, kind call.Kind) (names []string, common bool) {
	const longest = 32
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		_, encoding, _ := strings.Cut(a.Value, " ")
		name, _, _ := strings.Cut(encoding, "/")
		if name = strings.ToValidUTF8(name, "?"); len(name) > longest {
			name = name[:longest]
		}
		names = append(names, strings.Trim(strconv.QuoteToGraphic(name), `"`))
		if _, ok := nameOf(string(kind) + "/" + name); ok {
			common = true
		}
	}
	return names, common
}

// sending reports the direction of a section as seen by the peer (RFC 8866
// 6.7): the section's own, else the session's, else sendrecv.
func sending(parsed *sdp.SessionDescription, m *sdp.MediaDescription) bool {
	for _, attrs := range [][]sdp.Attribute{m.Attributes, parsed.Attributes} {
		for _, a := range attrs {
			switch a.Key {
			case sdp.AttrKeySendRecv, sdp.AttrKeySendOnly:
				return true
			case sdp.AttrKeyRecvOnly, sdp.AttrKeyInactive:
				return false
			}
		}
	}
	return true
}

// localCandidates lists the candidates inside one of our own descriptions,
// without those of component 2: RTCP shares the port of RTP (RFC 5761).
func localCandidates(text string) []call.Candidate {
	var out []call.Candidate
	mids, section := sectionMids(text), -1
	for line := range strings.SplitSeq(text, "\r\n") {
		if strings.HasPrefix(line, "m=") {
			section++
		}
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "a=candidate:") && section >= 0 && len(fields) > 1 && fields[1] == "1" {
			out = append(out, call.Candidate{
				Candidate: line[len("a="):], SDPMid: mids[section], SDPMLineIndex: uint16(section),
			})
		}
	}
	return out
}

// sectionMids lists the mid of each section (RFC 8843).
func sectionMids(text string) []string {
	var mids []string
	for line := range strings.SplitSeq(text, "\r\n") {
		if strings.HasPrefix(line, "m=") {
			mids = append(mids, strconv.Itoa(len(mids)))
		}
		if v, ok := strings.CutPrefix(line, "a=mid:"); ok && len(mids) > 0 {
			mids[len(mids)-1] = v
		}
	}
	return mids
}

// limitBandwidth puts b=AS:kbit under the video section (RFC 8866 5.8), as the
// SDK does; 0 changes nothing. b= lies between c= and the attributes.
func limitBandwidth(text string, kbit int) string {
	if kbit <= 0 {
		return text
	}
	var b strings.Builder
	pending := false
	for line := range strings.SplitAfterSeq(text, "\r\n") {
		if pending && !strings.HasPrefix(line, "i=") && !strings.HasPrefix(line, "c=") {
			fmt.Fprintf(&b, "b=AS:%d\r\n", kbit)
			pending = false
		}
		pending = pending || strings.HasPrefix(line, "m=video")
		b.WriteString(line)
	}
	return b.String()
}
