package rawdisk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/archive"
)

// ErrUnpacking is that of an image that is still to be unpacked.
var ErrUnpacking = errors.New("it is still being unpacked")

// unpacked is the copy of an image as it was at a time, or why there is none.
type unpacked struct {
	file    *os.File
	size    int64
	changed time.Time // of the image
	packed  int64     // its size
	err     error
	tried   time.Time
	unread  bool // err came from reading the image
}

func (u unpacked) of(info fs.FileInfo) bool {
	return u.changed.Equal(info.ModTime()) && u.packed == info.Size()
}

func (u *unpacked) close() error {
	if u == nil || u.file == nil {
		return nil
	}
	return u.file.Close()
}

// another is the same copy, to be closed by itself.
func (u unpacked) another() (*unpacked, error) {
	if u.err != nil {
		return nil, u.err
	}
	fd, err := unix.FcntlInt(u.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	u.file = os.NewFile(uintptr(fd), u.file.Name())
	return &u, nil
}

// copyOf is the copy of an image that is compressed, to be closed; nil for one that isn't.
func (i *Images) copyOf(ctx context.Context, j job, by unpacker) (*unpacked, error) {
	compressed, err := archive.Compressed(j.content, j.info.Size())
	if err != nil || !compressed {
		return nil, cutOff(err)
	}
	return by(ctx, j)
}

// made is the copy of an image, or the error with which it failed; neither where that is
// still to come.
func (i *Images) made(j job) (*unpacked, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if c, ok := i.copies[j.name]; ok && c.of(j.info) && !i.again(c) {
		return c.another()
	}
	return nil, nil //nolint:nilnil // as said
}

// again tells whether an image is to be tried again that wasn't unpacked, without it having
// changed: there was no room, or it couldn't be read, which may pass.
func (i *Images) again(c unpacked) bool {
	var short noRoom
	return c.err != nil && time.Since(c.tried) >= i.retryAfter && (c.unread || errors.As(c.err, &short) && short.more(i.dir))
}

// forgetGone gives up copies of files that aren't there any more. Disks that are still open
// stay readable.
func (i *Images) forgetGone() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for name, c := range i.copies {
		if _, err := os.Lstat(name); filepath.IsAbs(name) && errors.Is(err, fs.ErrNotExist) {
			_ = c.close()
			delete(i.copies, name)
		}
	}
}

// unpackNow unpacks an image, and says how far that is.
func (i *Images) unpackNow(ctx context.Context, j job) (*unpacked, error) {
	return i.unpack(ctx, j, i.say)
}

// atOnce is how many images are unpacked at the same time, each of which takes the memory of
// a decoder.
const atOnce = 3

// unpack unpacks an image when there is a place for it, and nobody else does.
func (i *Images) unpack(ctx context.Context, j job, say func(string)) (*unpacked, error) {
	end, err := i.begin(ctx, j.name)
	if err != nil {
		return nil, err
	}
	defer end()
	if c, _ := i.made(j); c != nil {
		return c, nil
	}
	i.forgetGone()
	p := &progress{name: filepath.Base(j.name), from: j.content, packed: j.info.Size(), say: say, turn: i.turn}
	f, size, err := p.unpack(ctx, i.dir, i.left(j.name))
	if ctx.Err() != nil {
		return nil, errors.Join(context.Cause(ctx), (&unpacked{file: f}).close())
	}
	return i.put(j, unpacked{f, size, j.info.ModTime(), j.info.Size(), err, time.Now(), p.unread})
}

// begin waits until nobody unpacks the image, and for a place, which end gives back.
func (i *Images) begin(ctx context.Context, name string) (end func(), err error) {
	for done := i.enter(name); done != nil; done = i.enter(name) {
		select {
		case <-done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	select {
	case i.places <- struct{}{}:
		return func() { <-i.places; i.leave(name) }, nil
	case <-ctx.Done():
		i.leave(name)
		return nil, context.Cause(ctx)
	}
}

// enter notes that an image is being unpacked. done is nil, or is closed when somebody who
// does so is done.
func (i *Images) enter(name string) (done <-chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if other := i.underWay[name]; other != nil {
		return other
	}
	i.underWay[name] = make(chan struct{})
	return nil
}

func (i *Images) leave(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	close(i.underWay[name])
	delete(i.underWay, name)
}

// put keeps a copy in the place of that of the image as it was before, if it isn't too large
// for those that have come meanwhile.
func (i *Images) put(j job, c unpacked) (*unpacked, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if c.err == nil && c.size > i.most-i.used(j.name) {
		c = unpacked{changed: c.changed, packed: c.packed, tried: c.tried, err: errors.Join(tooMuch(), c.close())}
	}
	if old, ok := i.copies[j.name]; ok {
		_ = old.close()
	}
	i.copies[j.name] = c
	return c.another()
}

// left is how much the copies of all images leave for that of one.
func (i *Images) left(name string) int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.most - i.used(name)
}

// used is how large the copies of all images are but that of one. The caller holds i.mu.
func (i *Images) used(but string) (sum int64) {
	for name, c := range i.copies {
		if name != but {
			sum += c.size
		}
	}
	return sum
}
