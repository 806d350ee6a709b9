package disk

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
)

// journalOf is where the journal of an image is kept while it is written to:
// beside it, wherever links lead.
func journalOf(image string) (string, error) {
	path, err := filepath.EvalSymlinks(image)
	return path + ".journal", err
}

// makeJournal opens the journal of an image that is to be written, and makes it
// if there is none.
func makeJournal(image string, file *block.OSFile) (*qcow2.Journal, error) {
	info, err := os.Stat(image)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("a block device has no place beside it for one")
	}
	name, err := journalOf(image)
	if err != nil {
		return nil, err
	}
	made, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, info.Mode().Perm())
	if err != nil {
		return nil, err
	}
	if err := made.Close(); err != nil {
		return nil, err
	}
	return openJournal(name, file, false)
}

// findJournal opens the journal of an image that is only to be read, if there
// is one.
func findJournal(image string, file *block.OSFile) (*qcow2.Journal, error) {
	name, err := journalOf(image)
	if err != nil {
		return nil, err
	}
	j, err := openJournal(name, file, true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return j, err
}

func openJournal(name string, image *block.OSFile, readOnly bool) (*qcow2.Journal, error) {
	life, err := lifeOf(image)
	if err != nil {
		return nil, err
	}
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: readOnly})
	if err != nil {
		return nil, err
	}
	return &qcow2.Journal{File: journalFile{file}, Life: life}, nil
}

// journalFile is gone once nothing has to be kept in it.
type journalFile struct{ *block.OSFile }

// Close implements block.File.
func (f journalFile) Close() error {
	size, err := f.Size()
	if err == nil && size == 0 {
		err = os.Remove(f.Name())
	}
	return errors.Join(err, f.OSFile.Close())
}

// lifeOf tells this run of the system, and this file, from all others.
func lifeOf(file *block.OSFile) ([32]byte, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return [32]byte{}, fmt.Errorf("this system's boot ID: %w", err)
	}
	var st unix.Statx_t
	if err := unix.Statx(file.Descriptor(), "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &st); err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(fmt.Appendf(boot, "%d:%d %d %d.%d", st.Dev_major, st.Dev_minor, st.Ino, st.Btime.Sec, st.Btime.Nsec)), nil
}
