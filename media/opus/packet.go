package opus

// Samples tells how much sound a packet holds, in samples at 48 kHz, from its
// table of contents (RFC 6716 3.1, 3.2): 120 to [MaxSamples], or 0 when no
// packet can be so.
func Samples(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	frames := 1
	switch packet[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		frames = int(packet[1] & 0x3f)
	}
	samples := frames * frameSamples(packet[0]>>3)
	if samples > MaxSamples {
		return 0
	}
	return samples
}

// frameSamples is the length of one frame of a configuration number, 0…31
// (RFC 6716 table 2).
func frameSamples(config byte) int {
	const ms = SampleRate / 1000
	switch {
	case config < firstHybrid:
		return [...]int{10 * ms, 20 * ms, 40 * ms, 60 * ms}[config&3]
	case config < firstCELT:
		return [...]int{10 * ms, 20 * ms}[config&1]
	}
	return [...]int{5 * ms / 2, 5 * ms, 10 * ms, 20 * ms}[config&3]
}

// Where the modes begin among the configuration numbers (RFC 6716 table 2).
const (
	firstHybrid = 12
	firstCELT   = 16
)

// HasFEC tells whether a packet holds redundancy for the one before it: the
// LBRR flag at the start of its first SILK frame (RFC 6716 4.2.3, 4.2.4). It
// does not look into packets of any number of frames (code 3).
func HasFEC(packet []byte) bool {
	if len(packet) < 2 {
		return false
	}
	config, stereo := packet[0]>>3, packet[0]&4 != 0
	if config >= firstCELT {
		return false
	}
	first, ok := firstByte(packet)
	if !ok {
		return false
	}
	// One voice-activity bit for each 20 ms, then the LBRR flag; for stereo
	// the same again.
	units := max(1, frameSamples(config)/FrameSamples)
	flag := first>>(7-units)&1 != 0
	if stereo && units < 3 {
		flag = flag || first>>(6-2*units)&1 != 0
	}
	return flag
}

// firstByte is that of the first frame in a packet (RFC 6716 3.2).
func firstByte(packet []byte) (b byte, ok bool) {
	at := 1
	switch packet[0] & 3 {
	case 2: // the length of the first frame comes before it, in one byte or two
		at = 2
		if packet[1] >= 252 {
			at = 3
		}
	case 3:
		return 0, false
	}
	if at >= len(packet) {
		return 0, false
	}
	return packet[at], true
}
