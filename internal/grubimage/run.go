package grubimage

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// The bounds of one run of grub-mkimage.
const (
	makesMost = 2 * time.Minute
	endsMost  = time.Second // once it was killed, or has left a process behind
	saysMost  = 4 << 10     // bytes of what it says
)

// run runs a program, and has its error say what it said. If the context ends, the
// program ends, with all that it has started, and the error is the context's.
func run(ctx context.Context, tool string, args []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, makesMost, fmt.Errorf("it was not done within %s", makesMost))
	defer cancel()
	says := bounded{most: saysMost}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Stdout, cmd.Stderr = &says, &says
	// A wrapper of grub-mkimage's is a shell that waits: its group is killed as a whole.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel, cmd.WaitDelay = kill, endsMost
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, exec.ErrWaitDelay):
		_ = kill() // what it left behind; where that has gone meanwhile, all is well
	}
	return fmt.Errorf("%s (%w)", cmp.Or(says.line(), "it says nothing"), err)
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	kept bytes.Buffer
	most int
}

// Write takes all, and keeps what there is room for.
func (b *bounded) Write(p []byte) (int, error) {
	b.kept.Write(p[:min(len(p), b.most-b.kept.Len())])
	return len(p), nil
}

// line is what was written on one line.
func (b *bounded) line() string { return strings.Join(strings.Fields(b.kept.String()), " ") }
