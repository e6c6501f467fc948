package call

import (
	"fmt"
	"time"
)

// Defaults and lowest values of the timers (SDK: CONFIG.webrtc). The SDK
// documents the minimum of the disconnect interval but does not enforce it.
const (
	defaultPlatform           = "intercom"
	defaultAnswerInterval     = 60 * time.Second
	defaultDialingInterval    = 5 * time.Second
	defaultDisconnectInterval = 30 * time.Second
	defaultIncomingLimit      = 1

	minDialingInterval    = time.Second
	minDisconnectInterval = 10 * time.Second
)

// withDefaults fills the fields left zero and checks the others; the error
// names the key of the configuration file.
func (c Config) withDefaults() (Config, error) {
	if c.Platform == "" {
		c.Platform = defaultPlatform
	}
	if c.AnswerTimeInterval == 0 {
		c.AnswerTimeInterval = defaultAnswerInterval
	}
	if c.DialingTimeInterval == 0 {
		c.DialingTimeInterval = defaultDialingInterval
	}
	if c.DisconnectTimeInterval == 0 {
		c.DisconnectTimeInterval = defaultDisconnectInterval
	}
	if c.IncomingLimit == 0 {
		c.IncomingLimit = defaultIncomingLimit
	}
	if c.Allowed == nil {
		c.Allowed = func(UserID) bool { return false }
	}
	return c, c.validate()
}

func (c Config) validate() error {
	if c.Self <= 0 {
		return fmt.Errorf("user_id %d: must be positive", c.Self)
	}
	if c.IncomingLimit < 1 {
		return fmt.Errorf("incoming_limit %d: must be at least 1", c.IncomingLimit)
	}
	for _, i := range []struct {
		key        string
		value, min time.Duration
	}{
		{"dialing_time_interval", c.DialingTimeInterval, minDialingInterval},
		{"answer_time_interval", c.AnswerTimeInterval, c.DialingTimeInterval},
		{"disconnect_time_interval", c.DisconnectTimeInterval, minDisconnectInterval},
		{"stats_report_time_interval", c.StatsReportTimeInterval, 0},
	} {
		if i.value < i.min {
			return fmt.Errorf("%s %v: must be at least %v", i.key, i.value, i.min)
		}
	}
	return nil
}
