package deptest

import (
	"os"
	"slices"
	"testing"
)

const module = "github.com/intercomd/intercomd"

// rules are those of docs/ARCHITECTURE.md.
func rules() []Rule {
	return []Rule{
		{Package: "call/..."},
		{Package: "intercom/...", Module: []string{"call"}},
		{Package: "control/...", Module: []string{"call", "intercom"}},
		{Package: "signaling", Module: []string{"call"}, Others: []string{"golang.org/x/sys/unix", "mellium.im/..."}},
		{Package: "signaling/quickblox/...", Module: []string{"call"}},
		{Package: "signaling/lan/...", Others: []string{"mellium.im/...", "github.com/coder/websocket"}},
		{Package: "media/...", Module: []string{"call"}, Others: []string{"github.com/pion/...", "github.com/google/uuid"}},
		{Package: "hw/...", Others: []string{
			"github.com/google/uuid",
			"github.com/pion/mediadevices/pkg/...",
			"github.com/warthog618/go-gpiocdev/...",
			"golang.org/x/sys/unix",
		}},
		{Package: "config/...", Others: []string{
			"github.com/go-viper/mapstructure/v2",
			"github.com/spf13/viper",
			"go.yaml.in/yaml/v3",
			"gopkg.in/yaml.v3",
		}},
		{Package: "provision/...", Module: []string{"config"}, Others: []string{
			"github.com/liyue201/goqr",
			"go.yaml.in/yaml/v3",
			"golang.org/x/sys/unix",
			"rsc.io/qr",
		}},
		{Package: "update/...", Others: []string{"github.com/godbus/dbus/v5"}},
		{Package: "packaging/..."},
		{Package: "web/..."},
		{Package: "internal/deptest"},
		{Package: "internal/netwatch", Others: []string{"golang.org/x/sys/unix"}},
		{Package: "internal/sdnotify", Others: []string{"golang.org/x/sys/unix"}},
		{Package: "cmd/...", Module: []string{Any}, Others: []string{Any}},
		{Package: "e2e/...", Module: []string{Any}, Others: []string{Any}},
		{Package: "bench/...", Module: []string{Any}, Others: []string{Any}},
	}
}

// exclusive are imports that one package keeps to itself.
func exclusive() map[string]string {
	return map[string]string{"github.com/spf13/viper": "config", "github.com/liyue201/goqr": "provision/qr"}
}

func TestImportRules(t *testing.T) {
	packages, err := Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"call", "cmd/intercomd", "internal/deptest"} {
		if !slices.ContainsFunc(packages, func(p Package) bool { return p.Path == name }) {
			t.Errorf("%s was not found", name)
		}
	}
	for _, line := range Check(module, rules(), exclusive(), packages) {
		t.Error(line)
	}
}
