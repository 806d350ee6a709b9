package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// A View is how a person looks at a machine.
type View struct {
	In  *os.File  // keys for the serial port; nil for none
	Out io.Writer // gets what the serial port says; nil for nothing

	// Screenshot is a PNG file that follows the machine's screen; "" for
	// none. It is written anew every second.
	Screenshot string
}

// escapeKey leaves the view: Ctrl-], as in telnet(1).
const escapeKey = 0x1d

// screenEvery is the time from one picture of the screen to the next.
const screenEvery = time.Second

// Show joins a person to a machine until the machine is off, ctx ends or, at a
// terminal, the person types Ctrl-]. A terminal is put into raw mode, so that
// all other keys, Ctrl-C too, are the machine's. The machine runs on.
func (m *Machine) Show(ctx context.Context, view View) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if view.Out != nil {
		stop := m.serial.CopyTo(view.Out)
		defer stop()
	}
	restore, err := rawMode(view.In)
	if err != nil {
		return err
	}
	defer restore()

	var running sync.WaitGroup
	var keysErr, screenErr error
	if view.In != nil {
		running.Go(func() {
			var left bool
			if left, keysErr = m.keys(ctx, view.In); left {
				cancel()
			}
		})
	}
	if view.Screenshot != "" {
		running.Go(func() { screenErr = m.followScreen(ctx, view.Screenshot) })
	}
	select {
	case <-m.Done():
	case <-ctx.Done():
	}
	cancel()
	running.Wait()
	return errors.Join(keysErr, screenErr)
}

// rawMode has a terminal hand over every key as it is pressed.
func rawMode(in *os.File) (restore func(), err error) {
	if in == nil || !term.IsTerminal(int(in.Fd())) {
		return func() {}, nil
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return func() { _ = term.Restore(int(in.Fd()), state) }, nil
}

// keys copies input to the serial port. It ends at the end of the input, with
// ctx, and, at a terminal, with the escape key: then left is true.
func (m *Machine) keys(ctx context.Context, in *os.File) (left bool, err error) {
	escapes := term.IsTerminal(int(in.Fd()))
	buf := make([]byte, 256)
	for ctx.Err() == nil {
		ready, err := readable(in, 100*time.Millisecond)
		if err != nil {
			return false, err
		}
		if !ready {
			continue
		}
		n, err := in.Read(buf)
		for i, c := range buf[:n] {
			if escapes && c == escapeKey {
				_, _ = m.Write(buf[:i])
				return true, nil
			}
		}
		_, _ = m.Write(buf[:n]) // a machine that went off ends Show
		if err != nil {
			return false, nil //nolint:nilerr // the end of the input, or a terminal that went away
		}
	}
	return false, nil
}

// readable waits until a read would not block. A blocked read of a terminal
// could not be ended.
func readable(in *os.File, wait time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(in.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(wait.Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, fmt.Errorf("input: %w", err)
	}
	return n > 0, nil
}

// followScreen takes pictures of the screen. Each appears whole under its name.
func (m *Machine) followScreen(ctx context.Context, path string) error {
	tick := time.NewTicker(screenEvery)
	defer tick.Stop()
	for {
		part, err := m.Screenshot(ctx, m.name+".screen.part")
		if errors.Is(err, errMachineEnded) || ctx.Err() != nil {
			return nil
		}
		if err == nil {
			err = copyFile(path+".part", part)
		}
		if err == nil {
			err = os.Rename(path+".part", path)
		}
		if err != nil {
			return fmt.Errorf("screen: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
