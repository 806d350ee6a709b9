package fetch

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// entry is one version of one upstream file, and how much of it has arrived.
type entry struct {
	source
	v    version
	tag  string      // entity tag for our own clients
	disk *os.File    // where the download writes; nil: not kept, see rangeReader
	made fs.FileInfo // of disk, by which it is known again
	stop context.CancelFunc

	mu      sync.Mutex
	have    int64         // bytes on disk, from the start
	done    bool          // nothing more will come
	err     error         // why not
	changed chan struct{} // closed at the next change; nil: nobody waits

	// Guarded by Cache.mu.
	refs     int
	gone     bool  // disposed of
	listed   bool  // the current version of its URL
	reserved int64 // bytes of disk
	checked  time.Time
	used     time.Time // last use ended
	linger   *time.Timer
}

// reopen opens the file on disk once more. Its folder may be another user's, who can have put
// something else in its place: a link isn't followed, a FIFO not waited for, and what is no
// link must be the file that was made.
func (e *entry) reopen() (*os.File, error) {
	disk, err := os.OpenFile(e.disk.Name(), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	now, err := disk.Stat()
	if err == nil && !os.SameFile(now, e.made) {
		err = &fs.PathError{Op: "open", Path: disk.Name(), Err: errReplaced}
	}
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	return disk, nil
}

// wait returns how many bytes have arrived once the one at off is among them.
// The end of the file is io.EOF.
func (e *entry) wait(ctx context.Context, off int64) (have int64, err error) {
	for {
		e.mu.Lock()
		have, done, err := e.have, e.done, e.err
		if off >= have && !done && e.changed == nil {
			e.changed = make(chan struct{})
		}
		changed := e.changed
		e.mu.Unlock()
		switch {
		case off < have:
			return have, nil
		case done && err != nil:
			return have, err
		case done:
			return have, io.EOF
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return have, context.Cause(ctx)
		}
	}
}

// grow says that n more bytes are on disk.
func (e *entry) grow(n int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.have += n
	e.wake()
}

// finish says that no more will come: the file is whole when err is nil.
func (e *entry) finish(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done, e.err = true, err
	e.wake()
}

func (e *entry) wake() {
	if e.changed != nil {
		close(e.changed)
		e.changed = nil
	}
}

func (e *entry) state() (have int64, done bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.have, e.done, e.err
}

// size in bytes, -1 while it isn't known.
func (e *entry) size() int64 {
	have, done, err := e.state()
	if e.disk != nil && e.v.size < 0 && done && err == nil {
		return have
	}
	return e.v.size
}

// entityTag is the tag that we give for bytes of v: that of the upstream, or
// one of its time and size. Where the upstream says nothing, kept bytes get a
// tag of their own, as they don't change under it; bytes that aren't kept get
// none.
func entityTag(v version, kept bool) string {
	switch {
	case v.etag != "":
		return v.etag
	case v.firm && v.whole >= 0:
		return `"` + strconv.FormatInt(v.modTime().Unix(), 36) + "-" + strconv.FormatInt(v.whole, 36) + `"`
	case kept:
		return `"` + rand.Text() + `"`
	}
	return ""
}
