package block

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSyncAfterFailure: what failed may be an earlier write, so nothing that was
// written can be called durable afterwards. That the disk is full loses nothing.
func TestSyncAfterFailure(t *testing.T) {
	for number, fails := range map[unix.Errno]bool{unix.EIO: true, unix.ENOSPC: false, unix.EOPNOTSUPP: false} {
		name := filepath.Join(t.TempDir(), "disk.img")
		if err := os.WriteFile(name, make([]byte, 4096), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := OpenFile(name, FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.durableFailed(f.failure("write", number)); !errors.Is(err, number) {
			t.Errorf("%v became %v", number, err)
		}
		if err := f.Sync(); (err != nil) != fails {
			t.Errorf("sync after a durable write that failed by %v: %v", number, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReason(t *testing.T) {
	for number, want := range map[unix.Errno]error{
		unix.ENOSPC: ErrNoSpace, unix.EDQUOT: ErrNoSpace, unix.EFBIG: ErrNoSpace,
		unix.ESTALE: ErrGone, unix.ENODEV: ErrGone, unix.ENXIO: ErrGone,
		unix.EOPNOTSUPP: errors.ErrUnsupported, unix.EIO: unix.EIO,
	} {
		if err := reason(&os.PathError{Op: "write", Path: "x", Err: number}); !errors.Is(err, want) || !errors.Is(err, number) {
			t.Errorf("%v is %v", number, err)
		}
	}
	if errors.Is(reason(unix.EIO), ErrGone) {
		t.Error("a bad sector makes the device gone")
	}
}
