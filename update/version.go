package update

import (
	"cmp"
	"fmt"
	"strings"
)

// maxVersion is the length of a version, in bytes.
const maxVersion = 128

// Version is a version by the rules of Semantic Versioning 2.0.0.
type Version struct {
	text       string
	core       [3]string // major, minor, patch: digits without leading zeros
	prerelease []string
}

// ParseVersion reads a version like 1.4.0-rc.1+build; a leading v is allowed.
func ParseVersion(s string) (Version, error) {
	bad := func(why string) (Version, error) {
		return Version{}, fmt.Errorf("read version %.64q: %s", s, why)
	}
	if len(s) > maxVersion {
		return bad("it is too long")
	}
	v := Version{text: strings.TrimPrefix(s, "v")}
	rest, build, hasBuild := strings.Cut(v.text, "+")
	if hasBuild && !areIdentifiers(strings.Split(build, "."), false) {
		return bad("what follows the + is not letters, digits, dots and hyphens")
	}
	core, prerelease, hasPrerelease := strings.Cut(rest, "-")
	if hasPrerelease {
		v.prerelease = strings.Split(prerelease, ".")
		if !areIdentifiers(v.prerelease, true) {
			return bad("what follows the hyphen is no prerelease like rc.1")
		}
	}
	numbers := strings.Split(core, ".")
	if len(numbers) != len(v.core) {
		return bad("want three numbers like 1.4.0")
	}
	for i, n := range numbers {
		if !isDigits(n) || hasLeadingZero(n) {
			return bad("want three numbers like 1.4.0")
		}
		v.core[i] = n
	}
	return v, nil
}

// String returns the version as it was read, without the v.
func (v Version) String() string { return v.text }

// Compare returns -1, 0 or 1 for v before, equal to or after w (SemVer 11).
// Build metadata does not count.
func (v Version) Compare(w Version) int {
	for i := range v.core {
		if c := compareNumbers(v.core[i], w.core[i]); c != 0 {
			return c
		}
	}
	switch {
	case len(v.prerelease) == 0 && len(w.prerelease) == 0:
		return 0
	case len(v.prerelease) == 0:
		return 1
	case len(w.prerelease) == 0:
		return -1
	}
	for i := range min(len(v.prerelease), len(w.prerelease)) {
		if c := compareIdentifiers(v.prerelease[i], w.prerelease[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.prerelease), len(w.prerelease))
}

// compareIdentifiers puts numbers before words.
func compareIdentifiers(a, b string) int {
	switch na, nb := isDigits(a), isDigits(b); {
	case na && nb:
		return compareNumbers(a, b)
	case na:
		return -1
	case nb:
		return 1
	}
	return strings.Compare(a, b)
}

// compareNumbers compares digits without leading zeros, however many they are.
func compareNumbers(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func areIdentifiers(list []string, prerelease bool) bool {
	for _, s := range list {
		if s == "" || strings.Trim(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") != "" {
			return false
		}
		if prerelease && isDigits(s) && hasLeadingZero(s) {
			return false
		}
	}
	return true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func hasLeadingZero(s string) bool { return len(s) > 1 && s[0] == '0' }
