package gpio

import (
	"fmt"
	"strconv"
	"strings"
)

// lowKeys are the keys from code 1 on, without their KEY_, as
// linux/input-event-codes.h numbers them; a dash stands for no key.
const lowKeys = `ESC 1 2 3 4 5 6 7 8 9 0 MINUS EQUAL BACKSPACE TAB
Q W E R T Y U I O P LEFTBRACE RIGHTBRACE ENTER LEFTCTRL
A S D F G H J K L SEMICOLON APOSTROPHE GRAVE LEFTSHIFT BACKSLASH
Z X C V B N M COMMA DOT SLASH RIGHTSHIFT KPASTERISK LEFTALT SPACE CAPSLOCK
F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NUMLOCK SCROLLLOCK
KP7 KP8 KP9 KPMINUS KP4 KP5 KP6 KPPLUS KP1 KP2 KP3 KP0 KPDOT
- ZENKAKUHANKAKU 102ND F11 F12 RO KATAKANA HIRAGANA HENKAN KATAKANAHIRAGANA MUHENKAN
KPJPCOMMA KPENTER RIGHTCTRL KPSLASH SYSRQ RIGHTALT LINEFEED
HOME UP PAGEUP LEFT RIGHT END DOWN PAGEDOWN INSERT DELETE
MACRO MUTE VOLUMEDOWN VOLUMEUP POWER KPEQUAL KPPLUSMINUS PAUSE SCALE KPCOMMA
HANGEUL HANJA YEN LEFTMETA RIGHTMETA COMPOSE
STOP AGAIN PROPS UNDO FRONT COPY OPEN PASTE FIND CUT HELP MENU CALC SETUP SLEEP WAKEUP`

// highKeys are those of the others that buttons have, with their codes.
const highKeys = `KEY_PROG1 148 KEY_PROG2 149 KEY_BACK 158 KEY_NEXTSONG 163 KEY_PLAYPAUSE 164
KEY_PREVIOUSSONG 165 KEY_RECORD 167 KEY_PHONE 169 KEY_HOMEPAGE 172 KEY_EXIT 174
KEY_F13 183 KEY_F14 184 KEY_F15 185 KEY_F16 186 KEY_F17 187 KEY_F18 188
KEY_F19 189 KEY_F20 190 KEY_F21 191 KEY_F22 192 KEY_F23 193 KEY_F24 194
KEY_PROG3 202 KEY_PROG4 203 KEY_PLAY 207 KEY_CAMERA 212 KEY_SOUND 213 KEY_CONNECT 218
KEY_CANCEL 223 KEY_MEDIA 226 KEY_SEND 231 KEY_MICMUTE 248
BTN_0 256 BTN_1 257 BTN_2 258 BTN_3 259 BTN_4 260
BTN_5 261 BTN_6 262 BTN_7 263 BTN_8 264 BTN_9 265
BTN_LEFT 272 BTN_RIGHT 273 BTN_MIDDLE 274 BTN_TRIGGER 288
BTN_SOUTH 304 BTN_EAST 305 BTN_NORTH 307 BTN_WEST 308
KEY_OK 352 KEY_SELECT 353 KEY_RED 398 KEY_GREEN 399 KEY_YELLOW 400 KEY_BLUE 401
KEY_VIDEOPHONE 416 KEY_PICKUP_PHONE 445 KEY_HANGUP_PHONE 446
KEY_NUMERIC_0 512 KEY_NUMERIC_1 513 KEY_NUMERIC_2 514 KEY_NUMERIC_3 515 KEY_NUMERIC_4 516
KEY_NUMERIC_5 517 KEY_NUMERIC_6 518 KEY_NUMERIC_7 519 KEY_NUMERIC_8 520 KEY_NUMERIC_9 521
KEY_NUMERIC_STAR 522 KEY_NUMERIC_POUND 523`

// keyMax is the highest code (KEY_MAX).
const keyMax = 0x2ff

// CheckKey tells whether a key is known: a name of linux/input-event-codes.h,
// as KEY_ENTER, ENTER or BTN_0, or a code from 1 to 767.
func CheckKey(name string) error {
	_, err := parseKey(name)
	return err
}

// parseKey gives the code of a key.
func parseKey(name string) (uint16, error) {
	if code, err := strconv.ParseUint(name, 0, 16); err == nil {
		if code == 0 || code > keyMax {
			return 0, fmt.Errorf("parse key %q: codes are 1 to %d", name, keyMax)
		}
		return uint16(code), nil
	}
	full := strings.ToUpper(name)
	if !strings.HasPrefix(full, "KEY_") && !strings.HasPrefix(full, "BTN_") {
		full = "KEY_" + full
	}
	for i, key := range strings.Fields(lowKeys) {
		if key != "-" && full == "KEY_"+key {
			return uint16(i + 1), nil
		}
	}
	high := strings.Fields(highKeys)
	for i := 0; i+1 < len(high); i += 2 {
		if full == high[i] {
			return parseKey(high[i+1])
		}
	}
	return 0, fmt.Errorf("parse key %q: it is not known; use its code, which evtest shows", name)
}

// KeyName is the name of a code, as KEY_ENTER, or its number.
func KeyName(code int) string {
	number := strconv.Itoa(code)
	if low := strings.Fields(lowKeys); code >= 1 && code <= len(low) && low[code-1] != "-" {
		return "KEY_" + low[code-1]
	}
	high := strings.Fields(highKeys)
	for i := 0; i+1 < len(high); i += 2 {
		if high[i+1] == number {
			return high[i]
		}
	}
	return number
}
