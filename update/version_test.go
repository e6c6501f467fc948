package update

import (
	"strings"
	"testing"
)

func TestVersionsInOrder(t *testing.T) {
	// SemVer 11.4 and around it.
	ordered := []string{
		"0.0.0", "0.9.9", "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
		"1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0-rc.1-2-gabcdef", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
		"99999999999999999999999.0.0",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			va, errA := ParseVersion(a)
			vb, errB := ParseVersion(b)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			want := min(max(i-j, -1), 1)
			if got := va.Compare(vb); got != want {
				t.Errorf("%s against %s is %d, want %d", a, b, got, want)
			}
		}
	}
	for _, same := range [][2]string{{"1.0.0+a", "1.0.0+b.2"}, {"v1.2.3", "1.2.3"}, {"1.0.0-rc.1+x", "1.0.0-rc.1"}} {
		a, _ := ParseVersion(same[0])
		b, _ := ParseVersion(same[1])
		if a.Compare(b) != 0 {
			t.Errorf("%s and %s differ", a, b)
		}
	}
}

func TestVersionsRefused(t *testing.T) {
	for _, s := range []string{
		"", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+", "1.2.3+a_b", "1.2.x",
		"-1.2.3", "1.2.3 ", " 1.2.3", "vv1.2.3", "1.2.3-ä", "dev", "1.0.0+" + strings.Repeat("a", maxVersion), "1.2.3\n",
	} {
		if v, err := ParseVersion(s); err == nil {
			t.Errorf("%q was read as %s", s, v)
		} else if len(err.Error()) > 200 {
			t.Errorf("%q: a message of %d bytes", s, len(err.Error()))
		}
	}
}

func FuzzVersion(f *testing.F) {
	for _, s := range []string{"1.2.3", "v1.0.0-rc.1+b", "1..2", "0.0.0-0"} {
		f.Add(s, "1.0.0-alpha")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		va, errA := ParseVersion(a)
		vb, errB := ParseVersion(b)
		if errA != nil || errB != nil {
			return
		}
		if va.Compare(vb) != -vb.Compare(va) {
			t.Errorf("%q and %q have no order", a, b)
		}
		again, err := ParseVersion(va.String())
		if err != nil || again.Compare(va) != 0 {
			t.Errorf("%q is not itself: %v", a, err)
		}
	})
}
