package quickblox

import (
	"testing"

	"github.com/intercomd/intercomd/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewCodec(t *testing.T) {
	for _, c := range []struct {
		app    int64
		domain string
		want   string
	}{
		{0, "chat.example.org", "create codec: app id 0 is not positive"},
		{7, "", `create codec: "" is not a domain`},
		{7, "a@b", `create codec: "a@b" is not a domain`},
		{7, "a b", `create codec: "a b" is not a domain`},
	} {
		_, err := NewCodec(c.app, c.domain, nil)
		assert.EqualError(t, err, c.want)
	}
	codec, err := NewCodec(7, "Chat.example.org", nil)
	require.NoError(t, err)
	assert.Equal(t, "102-7@chat.example.org", codec.JID(102))
}

func TestNewID(t *testing.T) {
	first, second := NewID(), NewID()
	assert.Regexp(t, "^[0-9a-f]{24}$", first)
	assert.NotEqual(t, first, second)
}

func TestUserID(t *testing.T) {
	for jid, want := range map[string]call.UserID{
		"102-7@chat.qb.test":          102,
		"102-7@chat.qb.test/android_": 102,
		"102@chat.qb.test":            102,
		"102abc-7@chat.qb.test":       102, // parseInt
		"9007199254740991-7@d":        9007199254740991,
		"9007199254740992-7@d":        0,
		"99999999999999999999-7@d":    0,
		"0-7@d":                       0,
		"-7@d":                        0,
		"anna-7@d":                    0,
		"chat.qb.test":                0,
		"":                            0,
	} {
		got, err := UserID(jid)
		assert.Equal(t, want, got, jid)
		assert.Equal(t, want == 0, err != nil, jid)
	}
}

func TestAddress(t *testing.T) {
	codec := newTestCodec(t)
	for jid, want := range map[string]call.Address{
		"102-7@chat.qb.test":         {User: 102},
		"102-7@chat.qb.test/a/b@c-d": {User: 102, Resource: "a/b@c-d"},
		"102-7@CHAT.qb.test/x":       {User: 102, Resource: "x"},
		"102-7@chat.qb.test.evil":    {},
		"102-77@chat.qb.test":        {},
		"102@chat.qb.test":           {},
		"+102-7@chat.qb.test":        {},
		"102-7@evil/@chat.qb.test":   {},
		"102-7@chat.qb.test/\x01":    {},
	} {
		got, err := codec.Address(jid)
		assert.Equal(t, want, got, jid)
		assert.Equal(t, want == call.Address{}, err != nil, jid)
	}
}
