package raw_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

// loop makes a block device of a file.
func loop(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command("losetup", "--find", "--show", file).CombinedOutput()
	if err != nil {
		t.Fatalf("losetup (package mount; tests run as root): %v: %s", err, out)
	}
	device := strings.TrimSpace(string(out))
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "--detach", device).CombinedOutput(); err != nil {
			t.Errorf("losetup --detach %s: %v: %s", device, err, out)
		}
	})
	return device
}

// TestBlockDevice holds a block device to the contract, whose sectors can only
// be trimmed and zeroed as a whole.
func TestBlockDevice(t *testing.T) {
	device := loop(t, fillIn(t, inMemory(t), 256<<10))
	for _, direct := range []bool{false, true} {
		blocktest.Run(t, func(t *testing.T) block.Device { return open(t, device, block.FileOptions{Direct: direct}) })
	}
	again := func(t *testing.T) block.Device { return open(t, device, block.FileOptions{}) }
	blocktest.Persistent(t, again, again)
}

func TestMountedDeviceIsRefused(t *testing.T) {
	device := loop(t, fill(t, 1<<20))
	mounted, err := os.OpenFile(device, os.O_RDONLY|unix.O_EXCL, 0) // so does mount
	must(t, err)
	if d, err := openFile(device, block.FileOptions{}); !errors.Is(err, block.ErrLocked) {
		t.Errorf("a device that is mounted: %v", err)
		if err == nil {
			must(t, d.Close())
		}
	}
	must(t, open(t, device, block.FileOptions{ReadOnly: true}).Close())
	must(t, mounted.Close())
	must(t, open(t, device, block.FileOptions{}).Close())
}
