package gpio

import (
	"slices"
	"strings"
	"testing"
)

func TestFindInput(t *testing.T) {
	devices := []InputDevice{
		{Path: "/dev/input/event0", Name: "Logitech Mouse", Keys: []int{272}},
		{Path: "/dev/input/event1", Name: "gpio-keys", Keys: []int{28, 169}},
		{Path: "/dev/input/event2", Name: "gpio-keys-polled", Keys: []int{28}},
	}
	locked := append(slices.Clone(devices), InputDevice{Path: "/dev/input/event9", Problem: "permission denied", denied: true})
	broken := []InputDevice{{Path: "/dev/input/event9", Problem: "no such device"}}
	tests := []struct {
		what       string
		devices    []InputDevice
		name, path string
		code       uint16
		want       string
		wantState  string
		wantWords  []string
	}{
		{what: "any", devices: devices, code: 28, want: "/dev/input/event1"},
		{what: "of several, the one with the key", devices: devices, name: "gpio", code: 169, want: "/dev/input/event1"},
		{what: "exact name without the key", devices: devices, name: "Logitech Mouse", code: 28, wantState: StateMissing, wantWords: []string{"no key KEY_ENTER"}},
		{what: "any mouse", devices: devices, code: 272, want: "/dev/input/event0"},
		{what: "path", devices: devices, name: "/dev/input/by-id/x", path: "/dev/input/event2", code: 28, want: "/dev/input/event2"},
		{what: "node", devices: devices, name: "event2", code: 28, want: "/dev/input/event2"},
		{what: "name", devices: devices, name: "gpio-keys", code: 169, want: "/dev/input/event1"},
		{what: "part of a name", devices: devices, name: "polled", code: 28, want: "/dev/input/event2"},
		{what: "part in capitals", devices: devices, name: "LOGI", code: 272, want: "/dev/input/event0"},
		{what: "no such device", devices: devices, name: "keypad", code: 28, wantState: StateMissing, wantWords: []string{`"keypad"`, `"gpio-keys" (/dev/input/event1)`}},
		{what: "no such key", devices: devices, name: "mouse", code: 28, wantState: StateMissing, wantWords: []string{"Logitech", "KEY_ENTER"}},
		{what: "no such key anywhere", devices: devices, code: 59, wantState: StateMissing, wantWords: []string{"KEY_F1", "gpio-keys"}},
		{what: "none", code: 28, wantState: StateMissing, wantWords: []string{"KEY_ENTER", "plugged in"}},
		{what: "forbidden", devices: locked, name: "event9", code: 28, wantState: StateDenied, wantWords: []string{"/dev/input/event9", "group input"}},
		{what: "perhaps the forbidden", devices: locked, name: "keypad", code: 28, wantState: StateDenied, wantWords: []string{"group input"}},
		{what: "broken", devices: broken, name: "event9", code: 28, wantState: StateFailed, wantWords: []string{"no such device"}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			d, err := findInput(tt.devices, tt.name, tt.path, tt.code)
			if tt.wantState == "" {
				if err != nil || d.Path != tt.want {
					t.Errorf("%s, %v; want %s", d, err, tt.want)
				}
				return
			}
			if err == nil || stateOf(err) != tt.wantState {
				t.Fatalf("error %v is %s, want %s", err, stateOf(err), tt.wantState)
			}
			for _, word := range tt.wantWords {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q lacks %q", err, word)
				}
			}
		})
	}
}

func TestParseKey(t *testing.T) {
	tests := []struct {
		name string
		want uint16
	}{
		{"KEY_ESC", 1}, {"KEY_ENTER", 28}, {"enter", 28}, {"28", 28}, {"0x1c", 28}, {"KEY_SPACE", 57},
		{"KEY_KPDOT", 83}, {"KEY_ZENKAKUHANKAKU", 85}, {"KEY_F12", 88}, {"KEY_HOME", 102}, {"KEY_POWER", 116},
		{"KEY_COMPOSE", 127}, {"KEY_WAKEUP", 143}, {"KEY_PHONE", 169}, {"BTN_0", 0x100}, {"btn_trigger", 0x120},
		{"KEY_PICKUP_PHONE", 0x1bd}, {"KEY_NUMERIC_POUND", 0x20b}, {"767", 767},
		{"", 0}, {"0", 0}, {"768", 0}, {"65536", 0}, {"-1", 0}, {"KEY_", 0}, {"-", 0}, {"KEY_-", 0}, {"KEY_DOORBELL", 0}, {"148", 148},
	}
	for _, tt := range tests {
		got, err := parseKey(tt.name)
		if got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("%q is %d, %v; want %d", tt.name, got, err, tt.want)
		}
		if (CheckKey(tt.name) == nil) != (tt.want != 0) {
			t.Errorf("CheckKey(%q) = %v", tt.name, CheckKey(tt.name))
		}
	}
}

// Every code has one name, which means that code again.
func TestKeyNames(t *testing.T) {
	named := 0
	for code := range keyMax + 1 {
		name := KeyName(code)
		if got, err := parseKey(name); code > 0 && (int(got) != code || err != nil) {
			t.Errorf("%d is %s, which is %d, %v", code, name, got, err)
		}
		if strings.Contains(name, "_") {
			named++
		}
	}
	if want := 142 + len(strings.Fields(highKeys))/2; named != want {
		t.Errorf("%d names, want %d", named, want)
	}
}

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{"KEY_ENTER", "28", "0b1", "BTN_0", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if code, err := parseKey(s); err == nil && (code == 0 || code > keyMax) {
			t.Errorf("%q is %d", s, code)
		}
	})
}
