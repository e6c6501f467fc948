package wire

import (
	"encoding/json"
	"io"
	"time"
)

// PortName is the name of the virtio-serial port.
const PortName = "board.control"

// MaxData is the most a request or a reply carries in Data or Out, in bytes;
// longer files go in pieces.
const MaxData = 256 << 10

// MaxLine bounds one line of the channel: MaxData in base64, and the rest.
const MaxLine = 2 * MaxData

// SpecPath is where the host leaves the [Spec] on the board's root file system.
const SpecPath = "etc/board.json"

// Spec says what the board is to be. The host writes it into the initramfs.
type Spec struct {
	Address string   `json:"address,omitempty"` // of eth0 with prefix length; empty: the card stays down
	Modules []Module `json:"modules"`           // to load, in this order
	Chip    Chip     `json:"chip"`
}

// Module is a kernel module: its file on the board and its parameters.
type Module struct {
	Path   string `json:"path"`
	Params string `json:"params,omitempty"`
}

// Chip is a simulated GPIO chip. Lines in Pulled idle at 1, as with a pull-up
// resistor and a switch to ground.
type Chip struct {
	Label  string         `json:"label"`
	Lines  int            `json:"lines"`  // how many
	Named  map[int]string `json:"named"`  // line names by offset
	Pulled []int          `json:"pulled"` // offsets
}

// Op says what a request asks for.
type Op string

// What the agent does.
const (
	Run   Op = "run"   // Command in a shell of its own process group; replies carry its output
	Stop  Op = "stop"  // SIGTERM to the process group of the Run with ID Target, SIGKILL 2 s later
	Put   Op = "put"   // write Data to Path (after what is there with Append)
	Get   Op = "get"   // replies carry the content of Path
	Drive Op = "drive" // put the Steps on line Line of the simulated chip, with the board's own clock
	Watch Op = "watch" // the replies' Out are "0" and "1": the level of Line every Every, for For
	Plug  Op = "plug"  // the simulated chip is there (On) or gone
	Net   Op = "net"   // set Netem on eth0
)

// Request is one line of the host.
type Request struct {
	ID      uint64        `json:"id"` // > 0, unique while the host runs
	Op      Op            `json:"op"`
	Command string        `json:"command,omitempty"`
	Target  uint64        `json:"target,omitempty"`
	Path    string        `json:"path,omitempty"`
	Mode    uint32        `json:"mode,omitempty"` // permission bits of Put
	Append  bool          `json:"append,omitempty"`
	Data    []byte        `json:"data,omitempty"`
	Line    int           `json:"line,omitempty"`
	Steps   []Step        `json:"steps,omitempty"`
	Every   time.Duration `json:"every,omitempty"`
	For     time.Duration `json:"for,omitempty"`
	On      bool          `json:"on,omitempty"`
	Netem   Netem         `json:"netem,omitzero"`
}

// Step puts a level on an input line and keeps it for a time.
type Step struct {
	Level int           `json:"level"` // 0 or 1
	Hold  time.Duration `json:"hold"`
}

// Netem impairs what the board sends; the zero value ends that.
type Netem struct {
	Delay  time.Duration `json:"delay,omitempty"`
	Jitter time.Duration `json:"jitter,omitempty"`
	Loss   float64       `json:"loss,omitempty"` // of packets, 0 … 1
}

// Reply is one line of the board.
type Reply struct {
	ID       uint64   `json:"id"`
	Hello    bool     `json:"hello,omitempty"`    // the board has booted
	Uptime   float64  `json:"uptime,omitempty"`   // seconds, with Hello
	Problems []string `json:"problems,omitempty"` // with Hello: what is missing on the board
	Out      []byte   `json:"out,omitempty"`
	Done     bool     `json:"done,omitempty"`
	Code     int      `json:"code,omitempty"`  // exit status of a Run, with Done
	Error    string   `json:"error,omitempty"` // why it failed, with Done
}

// Encode writes one line. Out and Data may be at most MaxData long.
func Encode(w io.Writer, message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
