package media

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigDefaults(t *testing.T) {
	cfg, err := Config{}.withDefaults()
	require.NoError(t, err)
	assert.Equal(t, Config{Width: 1280, Height: 720, FPS: 30, Bitrate: 1500000, GatherTimeout: 300 * time.Millisecond}, cfg)
}

func TestConfigErrorsSayWhatIsAllowed(t *testing.T) {
	for want, cfg := range map[string]Config{
		"picture of 1279x720: sides must be even, 16 to 4096": {Width: 1279, Height: 720},
		"picture of 640x0":                         {Width: 640},
		"picture of 8192x720":                      {Width: 8192, Height: 720},
		"121 frames a second: must be 1 to 120":    {FPS: 121},
		"video of 10 bit/s: must be at least 5000": {Bitrate: 10},
		"negative gather timeout":                  {GatherTimeout: -1},
	} {
		_, err := NewEngine(cfg, testLog())
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "configure media: ")
	}
}

func TestICEServers(t *testing.T) {
	cfg := Config{ICEServers: []ICEServer{
		{URLs: []string{"stun:stun.example.org"}},
		{URLs: []string{"turn:turn.example.org:3478"}, Username: "u", Password: "p"},
	}}
	assert.Equal(t, []webrtc.ICEServer{
		{URLs: []string{"stun:stun.example.org"}},
		{URLs: []string{"turn:turn.example.org:3478"}, Username: "u", Credential: "p", CredentialType: webrtc.ICECredentialTypePassword},
	}, cfg.iceServers())
}

func TestQueueKeepsOrder(t *testing.T) {
	q := newQueue[int]()
	for i := range 1000 {
		q.put(i)
	}
	<-q.ready
	got := q.take()
	require.Len(t, got, 1000)
	for i, v := range got {
		require.Equal(t, i, v)
	}
	assert.Empty(t, q.take())
	assert.Empty(t, q.ready, "no token without items")
}

func TestTasksStartNothingAfterClose(t *testing.T) {
	var tk tasks
	ran := make(chan string, 2)
	tk.start(func() { ran <- "first" })
	tk.wait()
	tk.start(func() { ran <- "second" })
	tk.wait()
	assert.Equal(t, "first", <-ran)
	assert.Empty(t, ran)
}
