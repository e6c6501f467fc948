package alsa

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Stream is a direction, SNDRV_PCM_STREAM_….
type Stream int32

const (
	StreamPlayback Stream = 0
	StreamCapture  Stream = 1
)

// Format is how a sample lies in memory, SNDRV_PCM_FORMAT_….
type Format uint32

const (
	FormatS16LE  Format = 2
	FormatS24LE  Format = 6  // the low three of four bytes
	FormatS32LE  Format = 10 // left-justified when the hardware has less than 32 bits
	FormatS243LE Format = 32 // three bytes
)

// State is that of a stream, SNDRV_PCM_STATE_….
type State int32

// The states and how a stream gets from one to the other:
//
//	Open ──HW_PARAMS──▶ Setup ──PREPARE──▶ Prepared ──START──▶ Running
//	                      ▲                   ▲                  │ │
//	                      └───────DROP────────│──────────────────┘ │
//	                        PREPARE after     │                    ▼
//	                        EPIPE, ESTRPIPE   └──── Xrun, Suspended (RESUME ▶ Running)
//
// A card that is pulled out puts its streams into Disconnected for ever.
const (
	StateOpen         State = 0
	StateSetup        State = 1
	StatePrepared     State = 2
	StateRunning      State = 3
	StateXrun         State = 4
	StateDraining     State = 5
	StatePaused       State = 6
	StateSuspended    State = 7
	StateDisconnected State = 8
)

// Values of the hardware parameters' masks, SNDRV_PCM_ACCESS_… and
// SNDRV_PCM_SUBFORMAT_….
const (
	accessRWInterleaved = 3
	subformatStd        = 0
)

// Param is a hardware parameter, SNDRV_PCM_HW_PARAM_…: a mask, or an interval.
type Param int

const (
	ParamAccess    Param = 0
	ParamFormat    Param = 1
	ParamSubformat Param = 2
	firstInterval  Param = 8

	ParamSampleBits Param = 8
	ParamFrameBits  Param = 9
	ParamChannels   Param = 10
	ParamRate       Param = 11
	ParamPeriodTime Param = 12 // µs
	ParamPeriodSize Param = 13 // frames
	ParamPeriods    Param = 15
	ParamBufferTime Param = 16 // µs
	ParamBufferSize Param = 17 // frames
)

// InfoResume in HWParams.Info: the hardware goes on after a suspend,
// SNDRV_PCM_INFO_RESUME.
const InfoResume = 0x00040000

// PCMInfo is struct snd_pcm_info.
type PCMInfo struct {
	Device, Subdevice uint32
	Stream            Stream
	Card              int32
	ID                [64]byte
	Name              [80]byte
	Subname           [32]byte
	Class, Subclass   int32
	SubdevicesCount   uint32
	SubdevicesAvail   uint32
	Sync              [4]uint32
	Reserved          [64]byte
}

// Flags of an Interval.
const (
	IntervalOpenMin = 1 << 0 // without its least value
	IntervalOpenMax = 1 << 1 // without its greatest value
	IntervalInteger = 1 << 2
	IntervalEmpty   = 1 << 3
)

// Interval is struct snd_interval. Its bit field is Flags.
type Interval struct{ Min, Max, Flags uint32 }

// Mask is struct snd_mask.
type Mask [8]uint32

// HWParams is struct snd_pcm_hw_params.
type HWParams struct {
	Flags            uint32
	Masks            [3]Mask
	ReservedMasks    [5]Mask
	Intervals        [12]Interval
	ReservedInterval [9]Interval
	RMask, CMask     uint32
	Info             uint32
	MSBits           uint32
	RateNum, RateDen uint32
	FIFOSize         uint // frames
	Reserved         [64]byte
}

// SWParams is struct snd_pcm_sw_params.
type SWParams struct {
	TstampMode       int32
	PeriodStep       uint32
	SleepMin         uint32
	AvailMin         uint // frames, as all that follow
	XferAlign        uint
	StartThreshold   uint
	StopThreshold    uint
	SilenceThreshold uint
	SilenceSize      uint
	Boundary         uint
	Proto            uint32
	TstampType       uint32
	Reserved         [56]byte
}

// Status is struct snd_pcm_status.
type Status struct {
	State               State
	TriggerTstamp       unix.Timespec
	Tstamp              unix.Timespec
	ApplPtr             uint // frames, as all to Overrange
	HWPtr               uint
	Delay               int
	Avail               uint
	AvailMax            uint
	Overrange           uint
	SuspendedState      State
	AudioTstampData     uint32
	AudioTstamp         unix.Timespec
	DriverTstamp        unix.Timespec
	AudioTstampAccuracy uint32
	Reserved            [52 - 2*unsafe.Sizeof(unix.Timespec{})]byte
}

// XferI is struct snd_xferi. Buf points to interleaved frames.
type XferI struct {
	Result int
	Buf    unsafe.Pointer
	Frames uint
}

// CardInfo is struct snd_ctl_card_info.
type CardInfo struct {
	Card       int32
	Pad        int32
	ID         [16]byte
	Driver     [16]byte
	Name       [32]byte
	LongName   [80]byte
	Reserved   [16]byte
	MixerName  [80]byte
	Components [128]byte
}

// Interfaces that control elements belong to, SNDRV_CTL_ELEM_IFACE_….
const (
	IfaceMixer = 2 // volumes
	IfacePCM   = 3
)

// Types of control elements, SNDRV_CTL_ELEM_TYPE_….
const (
	ElemBoolean   = 1
	ElemInteger   = 2
	ElemInteger64 = 6
)

// Bits of ElemInfo.Access, SNDRV_CTL_ELEM_ACCESS_….
const (
	AccessRead     = 1 << 0
	AccessWrite    = 1 << 1
	AccessInactive = 1 << 8
)

// ElemID is struct snd_ctl_elem_id.
type ElemID struct {
	NumID             uint32
	Iface             int32
	Device, Subdevice uint32
	Name              [44]byte
	Index             uint32
}

// ElemList is struct snd_ctl_elem_list.
type ElemList struct {
	Offset, Space, Used, Count uint32
	PIDs                       unsafe.Pointer // to an ElemID each
	Reserved                   [50]byte
}

// ElemInfo is struct snd_ctl_elem_info. Value begins with min, max and step,
// each a long, or a long long for ElemInteger64.
type ElemInfo struct {
	ID       ElemID
	Type     int32
	Access   uint32
	Count    uint32
	Owner    int32
	Value    [16]int64 // the union: 128 bytes, aligned as its __u64
	Reserved [64]byte
}

// ElemValue is struct snd_ctl_elem_value.
type ElemValue struct {
	ID       ElemID
	Indirect uint32
	Value    elemUnion
	Reserved [128]byte
}

// elemUnion is the union of values: 128 times long, aligned as long long.
type elemUnion struct {
	_     [0]int64
	Longs [128]int
}
