package rawdisk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/size"
)

// errQueued is ErrUnpacking where the image was kept open for Run.
var errQueued = fmt.Errorf("%w", ErrUnpacking)

// waitingMost bounds the images that wait to be unpacked, each of which is held open.
const waitingMost = 64

// job is a compressed image of which a copy is wanted.
type job struct {
	name    string
	image   fs.File
	content io.ReaderAt
	info    fs.FileInfo
}

// Background has Ready leave images to Run.
func (i *Images) Background() { i.jobs = make(chan job, waitingMost) }

// Run unpacks what Ready was asked for until ctx ends, and gives up the copies of images that
// were removed.
func (i *Images) Run(ctx context.Context) {
	defer i.dismiss()
	var workers sync.WaitGroup
	defer workers.Wait()
	for range atOnce {
		workers.Go(func() { i.work(ctx) })
	}
	gone := time.NewTicker(i.gone)
	defer gone.Stop()
	for {
		select {
		case <-gone.C:
			i.forgetGone()
		case <-ctx.Done():
			return
		}
	}
}

// work unpacks one image after the other.
func (i *Images) work(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case j := <-i.jobs:
			i.fetchCopy(ctx, j)
		}
	}
}

// fetchCopy has a job done, and says what became of it.
func (i *Images) fetchCopy(ctx context.Context, j job) {
	defer j.image.Close()
	before, _ := i.made(j)
	began := time.Now()
	c, err := i.unpack(ctx, j, func(string) {})
	switch {
	case before != nil: // somebody couldn't wait
		_ = errors.Join(before.close(), c.close())
	case err == nil:
		i.say(fmt.Sprintf("Unpacked %s: %s in %s.", filepath.Base(j.name), size.About(c.size), size.Length(time.Since(began))))
		_ = c.close()
	case ctx.Err() == nil:
		i.say(fmt.Sprintf("%s: %v", filepath.Base(j.name), err))
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.waiting, j.name)
}

// dismiss closes the images that nobody unpacks any more.
func (i *Images) dismiss() {
	for {
		select {
		case j := <-i.jobs:
			_ = j.image.Close()
		default:
			return
		}
	}
}

// unpackLater leaves an image to Run, if there is room for it.
func (i *Images) unpackLater(_ context.Context, j job) (*unpacked, error) {
	if c, err := i.made(j); c != nil || err != nil {
		return c, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.waiting[j.name] {
		return nil, ErrUnpacking
	}
	select {
	case i.jobs <- j:
		i.waiting[j.name] = true
		return nil, errQueued
	default:
		return nil, ErrUnpacking
	}
}
