package block

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// OSFile is a file, or a block device, of the operating system. It is a
// SparseFile and a DurableWriter.
type OSFile struct {
	file   *os.File
	fd     int
	locked bool
	direct bool
	device bool                  // a block device
	failed atomic.Pointer[error] // why nothing can be made durable any more
}

// OpenFile opens a file or block device, and locks it as QEMU's programs do and
// expect: a writer keeps out every other writer and reader, readers keep out
// writers, and who is kept out gets an error that wraps ErrLocked. Where the file
// system has no locks there are none. A block device that the system uses,
// because it is mounted, isn't opened for writing. A file that was made stays
// when what follows fails, also the lock.
func OpenFile(name string, options FileOptions) (*OSFile, error) {
	flags, err := options.flags()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	if options.Direct {
		flags |= unix.O_DIRECT
	}
	if !options.ReadOnly && !options.New && isBlockDevice(name) {
		flags &^= os.O_CREATE
		if !options.Shared {
			flags |= unix.O_EXCL // refused if it is mounted, or part of an array
		}
	}
	file, err := os.OpenFile(name, flags|unix.O_NONBLOCK, options.mode()) // a FIFO must not hang us
	if errors.Is(err, unix.EBUSY) {
		return nil, fmt.Errorf("open %s: it is mounted or %w", name, ErrLocked)
	}
	if err != nil {
		return nil, err
	}
	f := &OSFile{file: file, fd: int(file.Fd()), locked: !options.Shared, direct: options.Direct, device: isBlockDevice(name)}
	if err := fit(file, options); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return f, nil
}

func fit(file *os.File, options FileOptions) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeDevice {
		return errors.New("neither a regular file nor a block device")
	}
	if options.Shared {
		return nil
	}
	return lock(int(file.Fd()), !options.ReadOnly)
}

// Direct says whether it was opened by FileOptions.Direct.
func (f *OSFile) Direct() bool { return f.direct }

// Descriptor is valid until Close.
func (f *OSFile) Descriptor() int { return f.fd }

func isBlockDevice(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().Type() == fs.ModeDevice
}

// Name is the name that the file was opened by.
func (f *OSFile) Name() string { return f.file.Name() }

// ReadAt implements io.ReaderAt.
func (f *OSFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.file.ReadAt(p, off)
	if err == io.EOF {
		return n, err
	}
	return n, reason(err)
}

// WriteAt implements io.WriterAt.
func (f *OSFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.file.WriteAt(p, off)
	return n, reason(err)
}

// WriteDurable implements DurableWriter, by RWF_DSYNC.
func (f *OSFile) WriteDurable(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		n, err := again(func() (int, error) {
			return unix.Pwritev2(f.fd, [][]byte{p[done:]}, off+int64(done), unix.RWF_DSYNC)
		})
		if err != nil {
			return done, f.durableFailed(f.failure("write", err))
		}
		done += n
	}
	return done, nil
}

// Sync implements File, by fdatasync. Once it failed it goes on to fail,
// because the kernel then forgets what it couldn't write.
func (f *OSFile) Sync() error {
	if failed := f.failed.Load(); failed != nil {
		return fmt.Errorf("an earlier sync failed: %w", *failed)
	}
	_, err := again(func() (int, error) { return 0, unix.Fdatasync(f.fd) })
	if err == nil {
		return nil
	}
	return f.lost(f.failure("sync", err))
}

// durableFailed has a durable write that failed make Sync fail too. The failure
// may be that of an earlier write: the kernel tells of each once, to whoever
// asks first, and Sync would find nothing wrong. A full disk is most likely only
// full.
func (f *OSFile) durableFailed(err error) error {
	if errors.Is(err, ErrNoSpace) || errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return f.lost(err)
}

// lost remembers that nothing can be made durable any more.
func (f *OSFile) lost(err error) error {
	f.failed.CompareAndSwap(nil, &err)
	return err
}

// Truncate implements File.
func (f *OSFile) Truncate(size int64) error { return reason(f.file.Truncate(size)) }

// Size implements File.
func (f *OSFile) Size() (int64, error) {
	size, err := unix.Seek(f.fd, 0, io.SeekEnd) // works for block devices too
	return size, f.failure("seek", err)
}

// PunchHole implements SparseFile.
func (f *OSFile) PunchHole(off, n int64) error {
	return f.allocate("punch a hole into", unix.FALLOC_FL_PUNCH_HOLE, off, n)
}

// ZeroRange implements SparseFile.
func (f *OSFile) ZeroRange(off, n int64) error {
	return f.allocate("zero a range of", unix.FALLOC_FL_ZERO_RANGE, off, n)
}

func (f *OSFile) allocate(what string, mode uint32, off, n int64) error {
	if n == 0 {
		return nil
	}
	_, err := again(func() (int, error) {
		return 0, unix.Fallocate(f.fd, mode|unix.FALLOC_FL_KEEP_SIZE, off, n)
	})
	return f.failure(what, err)
}

// HoleUnit is what PunchHole and ZeroRange need offsets and lengths to be
// multiples of, in bytes: 1, or a sector at most of a block device.
func (f *OSFile) HoleUnit() int64 {
	if f.device {
		return 4096
	}
	return 1
}

// Next implements SparseFile.
func (f *OSFile) Next(off, n int64) (Extent, error) {
	if n <= 0 {
		return Extent{Offset: off}, nil
	}
	data, err := unix.Seek(f.fd, off, unix.SEEK_DATA)
	if err == unix.ENXIO || err == nil && data > off {
		if err != nil {
			data = off + n
		}
		return Extent{Offset: off, Length: min(n, data-off), Hole: true, Zero: true}, nil
	}
	if err != nil {
		return Extent{}, f.failure("find data in", err)
	}
	hole, err := unix.Seek(f.fd, off, unix.SEEK_HOLE)
	if err != nil || hole <= off { // changed in between
		hole = off + min(n, 512)
	}
	return Extent{Offset: off, Length: min(n, hole-off)}, nil
}

// Close implements io.Closer, and gives up the lock.
func (f *OSFile) Close() error {
	if f.locked {
		unlock(f.fd)
	}
	return f.file.Close()
}

func (f *OSFile) failure(what string, err error) error {
	if err == nil {
		return nil
	}
	return reason(fmt.Errorf("%s %s: %w", what, f.file.Name(), err))
}

// reason says which of this package's errors an error of the system is.
func reason(err error) error {
	if err == nil {
		return nil // before number is put on the heap
	}
	var number unix.Errno
	if !errors.As(err, &number) {
		return err
	}
	switch number {
	case unix.ENOSPC, unix.EDQUOT, unix.EFBIG:
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	case unix.ENODEV, unix.ENXIO, unix.ESTALE, unix.ENOMEDIUM:
		return fmt.Errorf("%w: %w", ErrGone, err)
	case unix.EOPNOTSUPP, unix.ENOSYS:
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	return err
}

// again repeats a system call that a signal interrupted; the Go runtime sends
// itself some.
func again(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
