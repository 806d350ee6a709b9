package disk

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
)

// journalOf is where the journal of an image is kept while it is written to:
// beside it, wherever links lead.
func journalOf(image string) (string, error) {
	path, err := filepath.EvalSymlinks(image)
	return path + ".journal", err
}

// makeJournal opens the journal of an image that is to be written, and makes it
// if there is none; none is why that can't be done. A journal that is there and
// can't be opened is an error: what it has would be lost.
func makeJournal(image string) (j *qcow2.Journal, none, err error) {
	info, err := os.Stat(image)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("a block device has no place beside it for one"), nil
	}
	name, err := journalOf(image)
	if err != nil {
		return nil, nil, err
	}
	made, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR|unix.O_NOFOLLOW, info.Mode().Perm())
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err, nil
	}
	if err == nil {
		err = errors.Join(giveTo(made, info), made.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, nil, err
	}
	j, err = openJournal(name, block.FileOptions{})
	return j, nil, err
}

// giveTo has who may write an image write its journal too, if we can: its next
// server may be another user.
func giveTo(journal *os.File, image fs.FileInfo) error {
	owner, is := image.Sys().(*syscall.Stat_t)
	if !is {
		return nil
	}
	if err := journal.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
		return ignorePermission(err)
	}
	return ignorePermission(journal.Chmod(image.Mode().Perm()))
}

func ignorePermission(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// findJournal opens the journal of an image that is only to be read, if there is
// one and it has something to say. shared: another program may be writing it.
func findJournal(image string, file block.File, shared bool) (*qcow2.Journal, error) {
	// What is wrong with an image whose header can't be read, Open says.
	if left, _ := qcow2.Session(file); !left {
		return nil, nil
	}
	name, err := journalOf(image)
	if err != nil {
		return nil, err
	}
	j, err := openJournal(name, block.FileOptions{ReadOnly: true, Shared: shared})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return j, err
}

func openJournal(name string, o block.FileOptions) (*qcow2.Journal, error) {
	life, err := lifeOfSystem()
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, advice.New(fmt.Sprintf("%s is no file, and so no journal", name), "move it out of the way")
	}
	file, err := block.OpenFile(name, o)
	if err != nil {
		return nil, journalHint(name, err)
	}
	if o.ReadOnly {
		return &qcow2.Journal{File: file, Life: life}, nil
	}
	return &qcow2.Journal{File: journalFile{file}, Life: life}, nil
}

// journalHint says what to do about a journal that can't be opened.
func journalHint(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	remedy := "see why; if it is moved away, what only it knows of is lost"
	switch {
	case errors.Is(err, fs.ErrPermission):
		remedy = "run as the user who served it last, or give it to this one: chown USER " + name
	case errors.Is(err, block.ErrLocked):
		remedy = "stop the program that has it open: fuser " + name + " tells which"
	}
	return advice.Wrap(fmt.Errorf("the journal, which may have writes that the image doesn't, can't be opened: %w", err), remedy)
}

// journalFile is gone once nothing has to be kept in it.
type journalFile struct{ *block.OSFile }

// Close implements block.File. Where the folder is somebody else's, an empty
// file stays; where it was moved away, it is none of ours.
func (f journalFile) Close() error {
	size, err := f.Size()
	if err == nil && size == 0 {
		if err = ignorePermission(os.Remove(f.Name())); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return errors.Join(err, f.OSFile.Close())
}

// lifeOfSystem tells this run of the system from all others.
func lifeOfSystem() ([32]byte, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return [32]byte{}, fmt.Errorf("this system's boot ID: %w", err)
	}
	return sha256.Sum256(boot), nil
}
