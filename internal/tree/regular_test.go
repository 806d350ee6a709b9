package tree

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// What is no regular file is refused without being opened: opening a device may set off
// what it does.
func TestOnlyRegularFilesAreOpened(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	watch, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err == nil {
		t.Cleanup(func() { _ = unix.Close(watch) })
		err = unix.Mkfifo(pipe, 0o644)
	}
	if err == nil {
		_, err = unix.InotifyAddWatch(watch, pipe, unix.IN_OPEN)
	}
	if err != nil {
		t.Fatal(err)
	}
	folders, err := OpenFolders([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	defer folders.Close()
	for name, local := range map[string]Local{"in a folder": folders, "named": Named{pipe: true}} {
		if _, err := local.Open(pipe); err == nil {
			t.Errorf("%s it can be had", name)
		}
		if n, err := unix.Read(watch, make([]byte, 256)); !errors.Is(err, unix.EAGAIN) {
			t.Errorf("%s it was opened (%d bytes of events, %v)", name, n, err)
		}
	}
}
