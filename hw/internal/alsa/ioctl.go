package alsa

import "unsafe"

// Directions of a request, _IOC_… of <asm-generic/ioctl.h>, seen from the
// program.
const (
	iocNone  = 0
	iocWrite = 1
	iocRead  = 2
	iocBoth  = iocRead | iocWrite
)

// The parts of a request number: _IOC of <asm-generic/ioctl.h>.
const (
	iocDir  = 1 << 30
	iocSize = 1 << 16
	iocPCM  = 'A' << 8
	iocCtl  = 'U' << 8
)

// Requests of a PCM device, SNDRV_PCM_IOCTL_….
const (
	IoctlInfo     = iocRead*iocDir | unsafe.Sizeof(PCMInfo{})*iocSize | iocPCM | 0x01
	IoctlTTstamp  = iocWrite*iocDir | 4*iocSize | iocPCM | 0x03
	IoctlHWRefine = iocBoth*iocDir | unsafe.Sizeof(HWParams{})*iocSize | iocPCM | 0x10
	IoctlHWParams = iocBoth*iocDir | unsafe.Sizeof(HWParams{})*iocSize | iocPCM | 0x11
	IoctlHWFree   = iocNone*iocDir | iocPCM | 0x12
	IoctlSWParams = iocBoth*iocDir | unsafe.Sizeof(SWParams{})*iocSize | iocPCM | 0x13
	IoctlStatus   = iocRead*iocDir | unsafe.Sizeof(Status{})*iocSize | iocPCM | 0x20
	IoctlDelay    = iocRead*iocDir | unsafe.Sizeof(int(0))*iocSize | iocPCM | 0x21
	IoctlHWSync   = iocNone*iocDir | iocPCM | 0x22
	IoctlPrepare  = iocNone*iocDir | iocPCM | 0x40
	IoctlStart    = iocNone*iocDir | iocPCM | 0x42
	IoctlDrop     = iocNone*iocDir | iocPCM | 0x43
	IoctlResume   = iocNone*iocDir | iocPCM | 0x47
	IoctlXrun     = iocNone*iocDir | iocPCM | 0x48
	IoctlWriteI   = iocWrite*iocDir | unsafe.Sizeof(XferI{})*iocSize | iocPCM | 0x50
	IoctlReadI    = iocRead*iocDir | unsafe.Sizeof(XferI{})*iocSize | iocPCM | 0x51
	IoctlLink     = iocWrite*iocDir | 4*iocSize | iocPCM | 0x60
	IoctlUnlink   = iocNone*iocDir | iocPCM | 0x61
)

// Requests of a card's control device, SNDRV_CTL_IOCTL_….
const (
	IoctlCardInfo      = iocRead*iocDir | unsafe.Sizeof(CardInfo{})*iocSize | iocCtl | 0x01
	IoctlElemList      = iocBoth*iocDir | unsafe.Sizeof(ElemList{})*iocSize | iocCtl | 0x10
	IoctlElemInfo      = iocBoth*iocDir | unsafe.Sizeof(ElemInfo{})*iocSize | iocCtl | 0x11
	IoctlElemRead      = iocBoth*iocDir | unsafe.Sizeof(ElemValue{})*iocSize | iocCtl | 0x12
	IoctlElemWrite     = iocBoth*iocDir | unsafe.Sizeof(ElemValue{})*iocSize | iocCtl | 0x13
	IoctlPCMNextDevice = iocRead*iocDir | 4*iocSize | iocCtl | 0x30
	IoctlCtlPCMInfo    = iocBoth*iocDir | unsafe.Sizeof(PCMInfo{})*iocSize | iocCtl | 0x31
)

// RequestName is how asound.h calls a request, for error messages.
func RequestName(request uintptr) string {
	names := map[uintptr]string{
		IoctlInfo: "PCM_INFO", IoctlTTstamp: "TTSTAMP", IoctlHWRefine: "HW_REFINE",
		IoctlHWParams: "HW_PARAMS", IoctlHWFree: "HW_FREE", IoctlSWParams: "SW_PARAMS",
		IoctlStatus: "STATUS", IoctlDelay: "DELAY", IoctlHWSync: "HWSYNC",
		IoctlPrepare: "PREPARE", IoctlStart: "START", IoctlDrop: "DROP",
		IoctlResume: "RESUME", IoctlXrun: "XRUN", IoctlWriteI: "WRITEI_FRAMES",
		IoctlReadI: "READI_FRAMES", IoctlLink: "LINK", IoctlUnlink: "UNLINK",
		IoctlCardInfo: "CARD_INFO", IoctlElemList: "ELEM_LIST", IoctlElemInfo: "ELEM_INFO",
		IoctlElemRead: "ELEM_READ", IoctlElemWrite: "ELEM_WRITE",
		IoctlPCMNextDevice: "PCM_NEXT_DEVICE", IoctlCtlPCMInfo: "CTL_PCM_INFO",
	}
	return names[request]
}
