package config

import (
	"fmt"
	"log/slog"
	"math"
	"os/user"
	"strings"
	"time"
)

func (c *checker) webrtc() WebRTC {
	in := c.raw.WebRTC
	c.atLeast("webrtc.dialing_time_interval", in.DialingTimeInterval, time.Second)
	c.atLeast("webrtc.disconnect_time_interval", in.DisconnectTimeInterval, 10*time.Second)
	if in.AnswerTimeInterval < in.DialingTimeInterval {
		c.problemf("webrtc.answer_time_interval", "%v is too short, allowed are %v (webrtc.dialing_time_interval) and more",
			in.AnswerTimeInterval, in.DialingTimeInterval)
	}
	if in.StatsReportTimeInterval != 0 && in.StatsReportTimeInterval < time.Second {
		c.problemf("webrtc.stats_report_time_interval", "%v is not allowed, allowed are 0s (never) and 1s and more", in.StatsReportTimeInterval)
	}
	return WebRTC{
		AnswerTimeInterval:      in.AnswerTimeInterval,
		DialingTimeInterval:     in.DialingTimeInterval,
		DisconnectTimeInterval:  in.DisconnectTimeInterval,
		StatsReportTimeInterval: in.StatsReportTimeInterval,
		AutoReject:              in.AutoReject,
		IncomingLimit:           c.inRange("webrtc.incoming_limit", in.IncomingLimit, 1, math.MaxInt32),
		ICEServers:              c.iceServers(),
	}
}

func (c *checker) atLeast(key string, d, low time.Duration) {
	if d < low {
		c.problemf(key, "%s is too short, allowed are %s and more", durationText(d), durationText(low))
	}
}

func (c *checker) iceServers() []ICEServer {
	servers := make([]ICEServer, len(c.raw.WebRTC.ICEServers))
	for i, in := range c.raw.WebRTC.ICEServers {
		servers[i] = c.iceServer(fmt.Sprintf("webrtc.ice_servers[%d]", i), in)
	}
	return servers
}

func (c *checker) iceServer(key string, in rawICEServer) ICEServer {
	if len(in.URLs) == 0 {
		c.problemf(key+".urls", "is missing, it must list at least one stun: or turn: URL")
	}
	turn := false
	for i, url := range in.URLs {
		turn = turn || strings.HasPrefix(url, "turn")
		if err := checkICEURL(url); err != nil {
			c.problemf(fmt.Sprintf("%s.urls[%d]", key, i), "%s %v", quote(url), err)
		}
	}
	password := c.password(key, in.Password, in.PasswordFile, "")
	if turn && in.Username == "" {
		c.problemf(key+".username", "is missing, a TURN server needs one")
	}
	if turn && !password.IsSet() && !c.anyProblem(key+".password_file") {
		c.problemf(key+".password", "is missing, a TURN server needs one")
	}
	return ICEServer{URLs: in.URLs, Username: in.Username, Password: password}
}

// maxSocketPath is what fits into sockaddr_un beside its final zero (unix(7)).
const maxSocketPath = 107

func (c *checker) control() Control {
	path := c.resolve("control.socket", c.raw.Control.Socket)
	if path == "" || len(path) > maxSocketPath || strings.ContainsRune(path, 0) {
		c.problemf("control.socket", "%s is not a path of a socket, allowed are 1 to %d bytes", quote(path), maxSocketPath)
	}
	group := c.raw.Control.Group
	if _, err := user.LookupGroup(group); group != "" && err != nil {
		c.problemf("control.group", "%s is no group of this machine", quote(group))
	}
	return Control{Socket: path, Group: group}
}

func (c *checker) log() Log {
	type level string
	name := oneOf[level](c, "log.level", c.raw.Log.Level, "debug", "info", "warn", "error")
	var l slog.Level
	if err := l.UnmarshalText([]byte(name)); err != nil {
		l = slog.LevelInfo // oneOf has reported it
	}
	return Log{Level: l, Format: oneOf(c, "log.format", c.raw.Log.Format, LogText, LogJSON)}
}
