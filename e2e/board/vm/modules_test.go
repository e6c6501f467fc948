package vm

import (
	"reflect"
	"strings"
	"testing"
)

func modules() *moduleSet {
	return &moduleSet{
		dir: "lib/modules/6.1",
		files: map[string]string{
			"vivid": "/k/mods/vivid.ko", "v4l2_tpg": "/k/mods/v4l2-tpg.ko", "font": "/k/mods/font.ko",
			"vh264": "/k/mods/vh264.ko", "v4l2_mem2mem": "/k/mods/v4l2-mem2mem.ko",
		},
		needs: map[string][]string{"vivid": {"v4l2_tpg", "videodev"}, "v4l2_tpg": {"font"}, "vh264": {"v4l2_mem2mem"}},
	}
}

func TestOrder(t *testing.T) {
	for name, want := range map[string][]string{
		"vivid":    {"font", "v4l2_tpg", "vivid"}, // videodev is in the kernel
		"v4l2-tpg": {"font", "v4l2_tpg"},
		"videodev": nil,
	} {
		if got := modules().order(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	var got []string
	for _, m := range modules().load([]string{"vivid n_devs=1 x=2", "vh264", "vivid again=1"}) {
		got = append(got, strings.TrimSpace(m.Path+" "+m.Params))
	}
	want := []string{
		"/lib/modules/6.1/font.ko", "/lib/modules/6.1/v4l2-tpg.ko", "/lib/modules/6.1/vivid.ko n_devs=1 x=2",
		"/lib/modules/6.1/v4l2-mem2mem.ko", "/lib/modules/6.1/vh264.ko",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// modprobe loads from right to left, and a module needs those to its right.
func TestIndex(t *testing.T) {
	index := modules().index()
	for _, line := range []string{"vivid.ko: v4l2-tpg.ko font.ko\n", "font.ko:\n", "vh264.ko: v4l2-mem2mem.ko\n"} {
		if !strings.Contains(index, line) {
			t.Errorf("no %q in\n%s", line, index)
		}
	}
}

func TestDependencies(t *testing.T) {
	for info, want := range map[string][]string{
		"license=GPL\x00depends=v4l2-mem2mem,videodev\x00name=x\x00": {"v4l2_mem2mem", "videodev"},
		"license=GPL\x00depends=\x00":                                nil,
		"":                                                           nil,
	} {
		if got := dependencies(info); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", info, got, want)
		}
	}
}
