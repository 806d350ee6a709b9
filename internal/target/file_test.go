package target

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// A pipe that takes the place of a file, before it is looked at or afterwards, is refused:
// nothing waits for its writer.
func TestPipeInPlaceOfAFile(t *testing.T) {
	dir := t.TempDir()
	file, pipe, name := filepath.Join(dir, "file"), filepath.Join(dir, "pipe"), filepath.Join(dir, "disk.img")
	if err := os.WriteFile(file, make([]byte, 512), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lookDisk(t.Context(), boot.File{Source: pipe}, Upstream{}); err == nil {
		t.Error("a pipe was taken for a disk")
	}
	swapped := make(chan struct{})
	go func() {
		defer close(swapped)
		for i := range 5000 {
			_ = os.Remove(name + "~")
			_ = os.Symlink([]string{file, pipe}[i%2], name+"~")
			_ = os.Rename(name+"~", name)
		}
	}()
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		for {
			if f, err := OpenRegular(name); err == nil {
				_ = f.Close()
			}
			select {
			case <-swapped:
				return
			default:
			}
		}
	}()
	select {
	case <-opened:
	case <-time.After(20 * time.Second):
		t.Fatal("a pipe's writer was waited for")
	}
}
