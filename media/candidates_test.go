package media

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCandidateFilter(t *testing.T) {
	for candidate, want := range map[string]string{ // "" is taken
		"candidate:1 1 udp 2122260223 192.168.1.5 50000 typ host generation 0":              "",
		"a=candidate:1 1 UDP 1 10.0.0.1 5 typ host":                                         "",
		"candidate:1 1 udp 1 203.0.113.9 5 typ srflx raddr 0.0.0.0 rport 0":                 "",
		"candidate:1 1 udp 1 2001:db8::1 5 typ relay raddr :: rport 0":                      "",
		"candidate:1 1 udp 1 fe80::1%eth0 5 typ host":                                       "",
		"candidate:1 1 udp 1 169.254.7.7 5 typ host":                                        "",
		"candidate:1 1 udp 1 4a3f0b0e-8b0a-4b1e-9a53-3c0e6a4f3d11.local 5 typ host":         "",
		"candidate:1 1 tcp 1 10.0.0.1 9 typ host tcptype active":                            "not of UDP",
		"candidate:1 1 udp 1 10.0.0.1 0 typ host":                                           "no port",
		"candidate:1 1 udp 1 10.0.0.1 65536 typ host":                                       "no port",
		"candidate:1 1 udp 1 10.0.0.1 -1 typ host":                                          "no port",
		"candidate:1 1 udp 1 0.0.0.0 5 typ host":                                            "nobody has",
		"candidate:1 1 udp 1 :: 5 typ host":                                                 "nobody has",
		"candidate:1 1 udp 1 224.0.0.251 5353 typ host":                                     "nobody has",
		"candidate:1 1 udp 1 ff02::fb 5353 typ host":                                        "nobody has",
		"candidate:1 1 udp 1 255.255.255.255 5 typ host":                                    "nobody has",
		"candidate:1 1 udp 1 ::ffff:224.0.0.1 5 typ host":                                   "nobody has",
		"candidate:1 1 udp 1 127.0.0.1 5 typ host":                                          "our own",
		"candidate:1 1 udp 1 ::1 5 typ host":                                                "our own",
		"candidate:1 1 udp 1 ::ffff:127.0.0.1 5 typ host":                                   "our own",
		"candidate:1 1 udp 1 www.example.com 5 typ host":                                    "no address",
		"candidate:1 1 udp 1 host.invalid 5 typ host":                                       "no address",
		"candidate:1 1 udp 1 printer.office.local 5 typ host":                               "no address",
		"candidate:1 1 udp 1 .local 5 typ host":                                             "no address",
		"candidate:1 1 udp 1 a.local 5 typ srflx raddr 0.0.0.0 rport 0":                     "no address",
		"candidate:1 1 udp 1 " + strings.Repeat("x", 64) + ".local 5 typ host":              "no address",
		"candidate:1 1 udp 1 10.0.0.1 5":                                                    "cut short",
		"":                                                                                  "cut short",
		"candidate:1 1 udp 1 10.0.0.1 5 typ host extension " + strings.Repeat("x", longest): "too long",
	} {
		t.Run(candidate, func(t *testing.T) {
			f := candidateFilter{}
			err := f.take(candidate)
			if want == "" {
				assert.NoError(t, err)
				assert.Equal(t, 1, f.taken)
			} else {
				assert.ErrorContains(t, err, want)
				assert.Zero(t, f.taken)
			}
		})
	}
	loopback := candidateFilter{loopback: true}
	assert.NoError(t, loopback.take("candidate:1 1 udp 1 127.0.0.1 5 typ host"))
}

func TestCandidateFilterIsBounded(t *testing.T) {
	f := candidateFilter{}
	for i := range 1000 {
		_ = f.take(fmt.Sprintf("candidate:1 1 udp 1 name%d.local 5 typ host", i))
	}
	assert.Equal(t, maxNames, f.taken)
	for i := range 1000 {
		_ = f.take(fmt.Sprintf("candidate:1 1 udp 1 10.0.%d.%d 5 typ host", i/256, i%256))
	}
	assert.Equal(t, maxCandidates, f.taken)
}
