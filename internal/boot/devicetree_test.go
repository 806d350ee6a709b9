package boot_test

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func TestDeviceTreeFor(t *testing.T) {
	many := boot.Linux{DeviceTrees: []boot.File{{Source: "/d/a/one.dtb"}, {Source: "/d/b/one.dtb"}, {Source: "/d/two.dtb"}}}
	for name, want := range map[string]string{
		"b/one.dtb": "/d/b/one.dtb", "one.dtb": "/d/a/one.dtb", "c/one.dtb": "/d/a/one.dtb", "x/two.dtb": "/d/two.dtb",
		"../../d/two.dtb": "/d/two.dtb", "": "", "ne.dtb": "", "three.dtb": "", "..": "",
	} {
		if f, _ := many.DeviceTreeFor(name); f.Source != want {
			t.Errorf("%q: got %q, want %q", name, f.Source, want)
		}
	}
	one := boot.Linux{DeviceTree: boot.File{Source: "/d/board.dtb"}, DeviceTrees: many.DeviceTrees}
	if f, ok := one.DeviceTreeFor("other.dtb"); !ok || f.Source != "/d/board.dtb" {
		t.Errorf("the one for all isn't given: %v", f)
	}
}
