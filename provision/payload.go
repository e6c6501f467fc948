package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// PayloadPrefix begins the text of a QR code that holds a configuration: JSON
// with the keys of intercom.yaml follows.
const PayloadPrefix = "INTERCOM1:"

// payload is what a QR code says: a whole configuration, or a Wi-Fi network.
type payload struct {
	config []byte // JSON
	wifi   *wifi
}

// wifi is what a standard Wi-Fi code says.
type wifi struct {
	ssid, password string
	hidden         bool
}

// errForeign is a QR code that is not for an intercom.
var errForeign = errors.New("it is not a code of intercomd provision")

// parsePayload reads the text of a QR code. The configuration is not checked.
func parsePayload(text string) (payload, error) {
	if body, found := strings.CutPrefix(text, PayloadPrefix); found {
		if !json.Valid([]byte(body)) || !strings.HasPrefix(body, "{") {
			return payload{}, errors.New("the code of intercomd provision is damaged")
		}
		return payload{config: []byte(body)}, nil
	}
	if body, found := cutPrefixFold(text, "WIFI:"); found {
		w, err := parseWiFi(body)
		if err != nil {
			return payload{}, fmt.Errorf("read Wi-Fi code: %w", err)
		}
		return payload{wifi: &w}, nil
	}
	return payload{}, errForeign
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// parseWiFi reads what follows WIFI: in the codes that telephones make: fields
// such as S:name; that end with a ';', where a backslash makes the next
// character mean itself.
func parseWiFi(body string) (wifi, error) {
	fields := map[string]string{}
	for body != "" && body != ";" {
		name, rest, found := strings.Cut(body, ":")
		if !found {
			return wifi{}, errors.New("a field has no ':'")
		}
		value, rest, err := cutField(rest)
		if err != nil {
			return wifi{}, err
		}
		if _, twice := fields[name]; twice {
			return wifi{}, fmt.Errorf("field %q is given twice", name)
		}
		fields[name], body = value, rest
	}
	w := wifi{ssid: unquote(fields["S"]), password: unquote(fields["P"]), hidden: strings.EqualFold(fields["H"], "true")}
	switch kind := strings.ToUpper(fields["T"]); {
	case w.ssid == "":
		return wifi{}, errors.New("it names no network")
	case kind == "WEP" || strings.Contains(kind, "EAP"):
		return wifi{}, fmt.Errorf("networks with %s are not supported", kind)
	case kind == "NOPASS" || kind == "":
		w.password = ""
	case w.password == "":
		return wifi{}, fmt.Errorf("it names no password for a network with %s", kind)
	}
	return w, nil
}

// cutField splits a value from what comes after its ';'.
func cutField(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
		case s[i] == ';':
			return b.String(), s[i+1:], nil
		}
		b.WriteByte(s[i])
	}
	return "", "", errors.New("a field has no ';' at its end")
}

// unquote removes the quotes that some programs put around values that would
// else look like hexadecimal.
func unquote(s string) string {
	if len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// Payload is the text of the QR code for a configuration, given as a value that
// encoding/json writes.
func Payload(configuration any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(configuration); err != nil {
		return "", fmt.Errorf("write QR code: %w", err)
	}
	text := PayloadPrefix + strings.TrimSuffix(b.String(), "\n")
	if !utf8.ValidString(text) {
		return "", errors.New("write QR code: the configuration is not UTF-8")
	}
	return text, nil
}
