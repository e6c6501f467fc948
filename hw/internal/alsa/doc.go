// Package alsa speaks to sound cards through the kernel's own interface, the
// ioctls of /dev/snd, without alsa-lib.
//
// It has two layers. The lower one is <sound/asound.h> in Go: structures with
// the header's layout ([PCMInfo], [HWParams], [ElemValue] …) and the request
// numbers (the constants SNDRV_PCM_IOCTL_… without their prefix), computed from
// the structures' sizes. The upper one is [List] for what there is, [PCM] for a
// stream of sound and [Mixer] for volumes and switches. [System] is the seam
// between the package and the kernel: [Kernel] is the real one, package
// alsatest simulates one with cards.
//
// The package guarantees: no call waits for sound, what is not there yet is
// EAGAIN; a busy device is an error, never a wait; a device that vanishes
// yields ENODEV and stays closeable; errors wrap the kernel's [syscall.Errno]
// and name the request; no goroutine is started; a file that is no sound device
// is refused before it is opened; once a [PCM] is configured its methods may be
// called from any goroutine, Close also while another one runs.
//
// It does not guarantee that two goroutines that read or write one PCM get their
// frames in any order.
package alsa
