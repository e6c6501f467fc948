// Package gpio holds the buttons, lamps and relays.
//
// A [Source] reports presses: [NewLine] of a GPIO line, [NewKey] of a key of an
// input device, [NewTerminal] of the Enter key of a terminal. A [Lamp] shows
// what the device does; a [Relay] opens the door. [List] and [ListInputs] tell
// what the board has.
//
// The package guarantees:
//
//   - Run blocks, calls its function from one goroutine only, and returns nil
//     when its context is cancelled, leaving no goroutine and no open file
//     behind and the terminal as it was.
//   - Two presses of one button that are reported began at least [DebounceTime]
//     apart. A contact closed for less than the debounce time never counts; a
//     contact that was closed when the line was opened is no press.
//   - A contact closed for longer than the stuck limit is reported once, and
//     once more when it opens.
//   - A chip or input device that is missing, busy, forbidden or pulled out ends
//     nothing: Run tells it once through OnChange and the log, with what to do,
//     and tries again at least once a second.
//   - A relay is off before its first pulse, after each pulse, after [MaxPulse]
//     at the latest, and when Run ends. A process that dies leaves its outputs
//     to the chip, which may hold them; the next start ends that.
//
// It does not guarantee that a lamp or relay is off once its chip is gone, and
// it does not see what happens to a line while the chip is away.
//
// The kernel's part is ioctls of the GPIO character device (linux/gpio.h, uAPI
// version 2, or version 1 on kernels before 5.10) and of input devices
// (linux/input.h). The friendly layer of go-gpiocdev is not used: its watcher
// keeps a core busy once a chip is gone and panics on errors of epoll_wait. Its
// uapi package is.
package gpio
