package disktest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/nbd"
)

// way is how a client comes to a disk. All but Close may be called at the same
// time.
type way interface {
	Read(p []byte, off int64) error
	Write(p []byte, off int64) error
	Zero(off, n int64) error
	Trim(off, n int64) error
	Flush() error
	Close()
}

// overNBD is the NBD client of this project.
type overNBD struct {
	ctx context.Context
	*nbd.Client
}

func dialNBD(ctx context.Context, at string) (way, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	c, err := nbd.Dial(ctx, "tcp", u.Host, nbd.Options{Export: strings.TrimPrefix(u.Path, "/")})
	return overNBD{ctx, c}, err
}

func (o overNBD) Read(p []byte, off int64) error  { return o.Client.Read(o.ctx, p, off) }
func (o overNBD) Write(p []byte, off int64) error { return o.Client.Write(o.ctx, p, off, 0) }
func (o overNBD) Zero(off, n int64) error         { return o.Client.Zero(o.ctx, off, n, 0) }
func (o overNBD) Trim(off, n int64) error         { return o.Client.Trim(o.ctx, off, n) }
func (o overNBD) Flush() error                    { return o.Client.Flush(o.ctx) }
func (o overNBD) Close()                          { _ = o.Client.Close() }

// overISCSI is qemu-io of the package qemu-utils, with libiscsi.
type overISCSI struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	folder  string
	one     chan struct{} // one command at a time
}

const prompt = "qemu-io> "

func dialISCSI(at, folder string) (way, error) {
	o := &overISCSI{process: exec.Command("qemu-io", "-f", "raw", at), folder: folder, one: make(chan struct{}, 1)}
	var err error
	if o.in, err = o.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := o.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	o.process.Stderr = o.process.Stdout
	o.out = bufio.NewReader(out)
	if err := o.process.Start(); err != nil {
		return nil, fmt.Errorf("install the package qemu-utils: %w", err)
	}
	if said, err := o.until(); err != nil {
		o.Close()
		return nil, fmt.Errorf("qemu-io: %w: %s", err, said)
	}
	return o, nil
}

// until reads what qemu-io says before it asks for the next command.
func (o *overISCSI) until() (string, error) {
	var said []byte
	for !bytes.HasSuffix(said, []byte(prompt)) {
		c, err := o.out.ReadByte()
		if err != nil {
			return string(said), err
		}
		said = append(said, c)
	}
	return strings.TrimSuffix(string(said), prompt), nil
}

func (o *overISCSI) do(format string, args ...any) error {
	o.one <- struct{}{}
	defer func() { <-o.one }()
	if _, err := fmt.Fprintf(o.in, format+"\n", args...); err != nil {
		return err
	}
	said, err := o.until()
	switch {
	case err != nil:
		return err
	case strings.Contains(said, "No space left"):
		return block.ErrNoSpace
	case strings.Contains(said, "failed") || strings.Contains(said, "rror"):
		return errors.New(strings.TrimSpace(said))
	}
	return nil
}

// Read isn't needed: what must be there is looked for over NBD.
func (o *overISCSI) Read([]byte, int64) error { return errors.ErrUnsupported }

func (o *overISCSI) Write(p []byte, off int64) error {
	name := filepath.Join(o.folder, fmt.Sprintf("write.%d", off))
	if err := os.WriteFile(name, p, 0o600); err != nil {
		return err
	}
	defer os.Remove(name)
	return o.do("write -s %s %d %d", name, off, len(p))
}

func (o *overISCSI) Zero(off, n int64) error { return o.do("write -z %d %d", off, n) }
func (o *overISCSI) Trim(off, n int64) error { return o.do("discard %d %d", off, n) }
func (o *overISCSI) Flush() error            { return o.do("flush") }

// Close gives qemu-io a moment to end by itself: where the target is gone it
// would wait for it.
func (o *overISCSI) Close() {
	_ = o.in.Close()
	late := time.AfterFunc(2*time.Second, func() { _ = o.process.Process.Kill() })
	defer late.Stop()
	_ = o.process.Wait()
}
