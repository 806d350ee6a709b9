package lab

import (
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A person looks at a machine, presses Ctrl-B, and is at iPXE's prompt.
func TestShow(t *testing.T) {
	ctx, l := start(t)
	w := wire(t, l, "wire")
	m := must[*Machine](t)(l.Boot("machine", Hardware{Firmware: BIOS, Ports: []Port{{Wire: w}}, Display: "vnc"}))
	in, keys, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = in.Close(), keys.Close() }()
	screen := filepath.Join(t.TempDir(), "screen.png")
	seen := newConsole("view")
	watching, cancel := context.WithCancel(ctx)
	shown := make(chan error, 1)
	go func() { shown <- m.Show(watching, View{In: in, Out: seen, Screenshot: screen}) }()

	if _, err := seen.WaitFor(ctx, "iPXE initialising devices|Press Ctrl-B"); err != nil {
		t.Fatal(err)
	}
	// Pressed again until it is heard: the ROM offers the key for a moment.
	for !contains(m.Serial().String(), "iPXE>") && ctx.Err() == nil {
		_, _ = keys.Write([]byte{'B' - '@'})
		time.Sleep(200 * time.Millisecond)
	}
	if _, err := m.VNC(ctx); err != nil {
		t.Error(err)
	}
	// Keys of the other keyboard: the machine's own.
	place := m.Serial().Mark()
	for _, key := range []string{"h", "e", "l", "p", "ret"} {
		if err := m.SendKey(ctx, key); err != nil {
			t.Error(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if _, err := m.Serial().WaitAfter(ctx, place, "autoboot"); err != nil {
		t.Error(err)
	}
	place = m.Serial().Mark()
	if err := m.Reset(ctx); err != nil {
		t.Error(err)
	}
	if _, err := m.Serial().WaitAfter(ctx, place, "SeaBIOS"); err != nil {
		t.Error(err)
	}
	for !isFile(screen) && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	if err := <-shown; err != nil {
		t.Error(err)
	}
	f := must[*os.File](t)(os.Open(screen))
	defer func() { _ = f.Close() }()
	if config, err := png.DecodeConfig(f); err != nil || config.Width < 640 {
		t.Errorf("screen %+v, %v", config, err)
	}
	if err := m.Quit(); err != nil {
		t.Error(err)
	}
}

// openTerminal makes a pseudo terminal (pts(4)): our end and the program's.
func openTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours = must[*os.File](t)(os.OpenFile("/dev/ptmx", os.O_RDWR, 0))
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number := must[int](t)(unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN))
	theirs = must[*os.File](t)(os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0))
	t.Cleanup(func() { _, _ = theirs.Close(), ours.Close() })
	return ours, theirs
}

// At a terminal Ctrl-] leaves the machine, which runs on, and the terminal is
// as it was.
func TestShowLeaves(t *testing.T) {
	ctx, l := start(t)
	m := must[*Machine](t)(l.Boot("machine", Hardware{Firmware: BIOS, Ports: []Port{{Wire: wire(t, l, "wire")}}}))
	person, terminal := openTerminal(t)
	before := must[*unix.Termios](t)(unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS))
	shown := make(chan error, 1)
	go func() { shown <- m.Show(ctx, View{In: terminal, Out: newConsole("view")}) }()
	// Typed again until it is heard: before the terminal is raw, input waits
	// for the end of a line.
	for left := false; !left; {
		select {
		case err := <-shown:
			if left = true; err != nil {
				t.Error(err)
			}
		case <-ctx.Done():
			t.Fatal("Ctrl-] doesn't leave")
		case <-time.After(200 * time.Millisecond):
			_, _ = person.Write([]byte{escapeKey})
		}
	}
	after := must[*unix.Termios](t)(unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS))
	if before.Lflag != after.Lflag || before.Iflag != after.Iflag {
		t.Errorf("terminal %+v, was %+v", after, before)
	}
	select {
	case <-m.Done():
		t.Error("the machine is off")
	default:
	}
}
