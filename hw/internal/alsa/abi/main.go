// Command abi prints how package alsa lays out the kernel's structures and
// numbers its requests, a line each with the C expression that must have the
// same value. Its test compares the lines with the C headers of every
// architecture that is shipped.
package main

import (
	"fmt"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// entry is a C expression and its value in Go.
type entry struct {
	c     string
	value uintptr
}

func main() {
	for _, e := range table() {
		fmt.Printf("%s = %d\n", e.c, e.value)
	}
}

func table() []entry {
	var out []entry
	for _, part := range [][]entry{pcmRequests(), controlRequests(), pcmLayout(), controlLayout(), values()} {
		out = append(out, part...)
	}
	return out
}

func pcmRequests() []entry {
	return []entry{
		{"SNDRV_PCM_IOCTL_INFO", alsa.IoctlInfo},
		{"SNDRV_PCM_IOCTL_TTSTAMP", alsa.IoctlTTstamp},
		{"SNDRV_PCM_IOCTL_HW_REFINE", alsa.IoctlHWRefine},
		{"SNDRV_PCM_IOCTL_HW_PARAMS", alsa.IoctlHWParams},
		{"SNDRV_PCM_IOCTL_HW_FREE", alsa.IoctlHWFree},
		{"SNDRV_PCM_IOCTL_SW_PARAMS", alsa.IoctlSWParams},
		{"SNDRV_PCM_IOCTL_STATUS", alsa.IoctlStatus},
		{"SNDRV_PCM_IOCTL_DELAY", alsa.IoctlDelay},
		{"SNDRV_PCM_IOCTL_HWSYNC", alsa.IoctlHWSync},
		{"SNDRV_PCM_IOCTL_PREPARE", alsa.IoctlPrepare},
		{"SNDRV_PCM_IOCTL_START", alsa.IoctlStart},
		{"SNDRV_PCM_IOCTL_DROP", alsa.IoctlDrop},
		{"SNDRV_PCM_IOCTL_RESUME", alsa.IoctlResume},
		{"SNDRV_PCM_IOCTL_XRUN", alsa.IoctlXrun},
		{"SNDRV_PCM_IOCTL_WRITEI_FRAMES", alsa.IoctlWriteI},
		{"SNDRV_PCM_IOCTL_READI_FRAMES", alsa.IoctlReadI},
		{"SNDRV_PCM_IOCTL_LINK", alsa.IoctlLink},
		{"SNDRV_PCM_IOCTL_UNLINK", alsa.IoctlUnlink},
	}
}

func controlRequests() []entry {
	return []entry{
		{"SNDRV_CTL_IOCTL_CARD_INFO", alsa.IoctlCardInfo},
		{"SNDRV_CTL_IOCTL_ELEM_LIST", alsa.IoctlElemList},
		{"SNDRV_CTL_IOCTL_ELEM_INFO", alsa.IoctlElemInfo},
		{"SNDRV_CTL_IOCTL_ELEM_READ", alsa.IoctlElemRead},
		{"SNDRV_CTL_IOCTL_ELEM_WRITE", alsa.IoctlElemWrite},
		{"SNDRV_CTL_IOCTL_PCM_NEXT_DEVICE", alsa.IoctlPCMNextDevice},
		{"SNDRV_CTL_IOCTL_PCM_INFO", alsa.IoctlCtlPCMInfo},
	}
}

func pcmLayout() []entry {
	return []entry{
		{"sizeof(struct snd_pcm_info)", unsafe.Sizeof(alsa.PCMInfo{})},
		{"offsetof(struct snd_pcm_info, card)", unsafe.Offsetof(alsa.PCMInfo{}.Card)},
		{"offsetof(struct snd_pcm_info, name)", unsafe.Offsetof(alsa.PCMInfo{}.Name)},
		{"offsetof(struct snd_pcm_info, subdevices_avail)", unsafe.Offsetof(alsa.PCMInfo{}.SubdevicesAvail)},
		{"sizeof(struct snd_interval)", unsafe.Sizeof(alsa.Interval{})},
		{"sizeof(struct snd_mask)", unsafe.Sizeof(alsa.Mask{})},
		{"offsetof(struct snd_pcm_hw_params, intervals)", unsafe.Offsetof(alsa.HWParams{}.Intervals)},
		{"offsetof(struct snd_pcm_hw_params, rmask)", unsafe.Offsetof(alsa.HWParams{}.RMask)},
		{"offsetof(struct snd_pcm_hw_params, info)", unsafe.Offsetof(alsa.HWParams{}.Info)},
		{"offsetof(struct snd_pcm_hw_params, fifo_size)", unsafe.Offsetof(alsa.HWParams{}.FIFOSize)},
		{"offsetof(struct snd_pcm_sw_params, avail_min)", unsafe.Offsetof(alsa.SWParams{}.AvailMin)},
		{"offsetof(struct snd_pcm_sw_params, start_threshold)", unsafe.Offsetof(alsa.SWParams{}.StartThreshold)},
		{"offsetof(struct snd_pcm_sw_params, boundary)", unsafe.Offsetof(alsa.SWParams{}.Boundary)},
		{"offsetof(struct snd_pcm_sw_params, tstamp_type)", unsafe.Offsetof(alsa.SWParams{}.TstampType)},
		{"offsetof(struct snd_pcm_status, tstamp)", unsafe.Offsetof(alsa.Status{}.Tstamp)},
		{"offsetof(struct snd_pcm_status, hw_ptr)", unsafe.Offsetof(alsa.Status{}.HWPtr)},
		{"offsetof(struct snd_pcm_status, avail)", unsafe.Offsetof(alsa.Status{}.Avail)},
		{"offsetof(struct snd_pcm_status, audio_tstamp_accuracy)", unsafe.Offsetof(alsa.Status{}.AudioTstampAccuracy)},
		{"offsetof(struct snd_xferi, buf)", unsafe.Offsetof(alsa.XferI{}.Buf)},
		{"offsetof(struct snd_xferi, frames)", unsafe.Offsetof(alsa.XferI{}.Frames)},
	}
}

func controlLayout() []entry {
	return []entry{
		{"offsetof(struct snd_ctl_card_info, longname)", unsafe.Offsetof(alsa.CardInfo{}.LongName)},
		{"offsetof(struct snd_ctl_card_info, components)", unsafe.Offsetof(alsa.CardInfo{}.Components)},
		{"sizeof(struct snd_ctl_elem_id)", unsafe.Sizeof(alsa.ElemID{})},
		{"offsetof(struct snd_ctl_elem_id, name)", unsafe.Offsetof(alsa.ElemID{}.Name)},
		{"offsetof(struct snd_ctl_elem_list, pids)", unsafe.Offsetof(alsa.ElemList{}.PIDs)},
		{"sizeof(struct snd_ctl_elem_list)", unsafe.Sizeof(alsa.ElemList{})},
		{"offsetof(struct snd_ctl_elem_info, type)", unsafe.Offsetof(alsa.ElemInfo{}.Type)},
		{"offsetof(struct snd_ctl_elem_info, count)", unsafe.Offsetof(alsa.ElemInfo{}.Count)},
		{"offsetof(struct snd_ctl_elem_info, value)", unsafe.Offsetof(alsa.ElemInfo{}.Value)},
		{"offsetof(struct snd_ctl_elem_value, value)", unsafe.Offsetof(alsa.ElemValue{}.Value)},
		{"sizeof(struct snd_ctl_elem_value)", unsafe.Sizeof(alsa.ElemValue{})},
	}
}

func values() []entry {
	return []entry{
		{"SNDRV_PCM_STREAM_CAPTURE", uintptr(alsa.StreamCapture)},
		{"SNDRV_PCM_FORMAT_S16_LE", uintptr(alsa.FormatS16LE)},
		{"SNDRV_PCM_FORMAT_S24_LE", uintptr(alsa.FormatS24LE)},
		{"SNDRV_PCM_FORMAT_S32_LE", uintptr(alsa.FormatS32LE)},
		{"SNDRV_PCM_FORMAT_S24_3LE", uintptr(alsa.FormatS243LE)},
		{"SNDRV_PCM_STATE_RUNNING", uintptr(alsa.StateRunning)},
		{"SNDRV_PCM_STATE_XRUN", uintptr(alsa.StateXrun)},
		{"SNDRV_PCM_STATE_SUSPENDED", uintptr(alsa.StateSuspended)},
		{"SNDRV_PCM_STATE_DISCONNECTED", uintptr(alsa.StateDisconnected)},
		{"SNDRV_PCM_HW_PARAM_FORMAT", uintptr(alsa.ParamFormat)},
		{"SNDRV_PCM_HW_PARAM_CHANNELS", uintptr(alsa.ParamChannels)},
		{"SNDRV_PCM_HW_PARAM_RATE", uintptr(alsa.ParamRate)},
		{"SNDRV_PCM_HW_PARAM_PERIOD_SIZE", uintptr(alsa.ParamPeriodSize)},
		{"SNDRV_PCM_HW_PARAM_BUFFER_SIZE", uintptr(alsa.ParamBufferSize)},
		{"SNDRV_PCM_INFO_RESUME", alsa.InfoResume},
		{"SNDRV_CTL_ELEM_IFACE_MIXER", alsa.IfaceMixer},
		{"SNDRV_CTL_ELEM_IFACE_PCM", alsa.IfacePCM},
		{"SNDRV_CTL_ELEM_TYPE_BOOLEAN", alsa.ElemBoolean},
		{"SNDRV_CTL_ELEM_TYPE_INTEGER", alsa.ElemInteger},
		{"SNDRV_CTL_ELEM_TYPE_INTEGER64", alsa.ElemInteger64},
		{"SNDRV_CTL_ELEM_ACCESS_WRITE", alsa.AccessWrite},
		{"SNDRV_CTL_ELEM_ACCESS_INACTIVE", alsa.AccessInactive},
	}
}
