package daemon

import (
	"github.com/spurboot/spur/internal/boot"
	"testing"
)

// With --dhcp off nobody is heard asking: a Raspberry Pi is one by its address.
func TestBoardAt(t *testing.T) {
	if _, _, ok := boardAt(boot.MAC{0x52, 0x54, 0, 0, 0, 1}); ok {
		t.Error("any machine is taken for a Raspberry Pi")
	}
	if c, r, ok := boardAt(boot.MAC{0xdc, 0xa6, 0x32, 0, 0, 1}); !ok || r.Name != "rpi-tftp" || c.Firmware != boot.RPiFirmware {
		t.Errorf("%+v on %s", c, r.Name)
	}
}
