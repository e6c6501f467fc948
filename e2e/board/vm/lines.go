package vm

import (
	"strconv"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// The wiring of the board: offsets on its one GPIO chip, which has the label of
// a Raspberry Pi's. The inputs have a pull-up and are pressed by pulling them
// to ground.
const (
	ChipLabel = "pinctrl-bcm2711"

	Doorbell = 17 // input
	Hangup   = 27 // input
	Tamper   = 22 // input
	Lamp     = 23 // output
	Relay    = 24 // output
)

// chipLines is how many lines the chip has.
const chipLines = 54

func chip() wire.Chip {
	c := wire.Chip{Label: ChipLabel, Lines: chipLines, Named: map[int]string{}, Pulled: []int{Doorbell, Hangup, Tamper}}
	for _, line := range []int{Doorbell, Hangup, Tamper, Lamp, Relay} {
		c.Named[line] = "GPIO" + strconv.Itoa(line)
	}
	return c
}
