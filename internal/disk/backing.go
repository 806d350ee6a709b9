package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/advice"
)

// backings opens the other files of one image, where they may be.
type backings struct {
	image string   // its name
	allow []string // folders
	base  string   // what the image's own backing file has to be, "" for anything that is allowed
	files []string // that were opened
}

// open opens a file that an image names, if it may be.
func (b *backings) open(_ context.Context, ref diskimage.Reference) (diskimage.Opened, error) {
	none := diskimage.Opened{}
	path, err := resolve(b.image, ref)
	if err != nil {
		return none, err
	}
	if err := b.permit(ref, path); err != nil {
		return none, err
	}
	file, err := openFile(path, true)
	if err != nil {
		return none, err
	}
	found := diskimage.Opened{Name: path, File: file}
	if ref.Format == diskimage.Qcow2 {
		if found.Journal, err = findJournal(path, file, false); err != nil {
			file.Close()
			return none, err
		}
	}
	b.files = append(b.files, path)
	return found, nil
}

// resolve finds the file that an image means.
func resolve(image string, ref diskimage.Reference) (string, error) {
	path, err := diskimage.Resolve(image, ref)
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, diskimage.ErrNotFile):
		return "", advice.Wrap(err, "only files can be backing files; convert the image to one that has none: qemu-img convert -O qcow2 IMAGE NEW")
	}
	return "", advice.Wrap(err, "put the backing file where the image expects it, or tell the image of its new place: qemu-img rebase -u -F FORMAT -b FILE IMAGE")
}

// permit refuses a file that the image has no business with.
func (b *backings) permit(ref diskimage.Reference, path string) error {
	if b.base != "" && ref.From == "" {
		return sameFile(b.base, path)
	}
	own, err := filepath.EvalSymlinks(b.image)
	if err != nil {
		return err
	}
	folders := append([]string{filepath.Dir(own)}, b.allow...)
	if b.base != "" {
		folders = append(folders, filepath.Dir(b.base))
	}
	if diskimage.Within(path, folders...) {
		return nil
	}
	return advice.New(fmt.Sprintf("%s is outside the folder of the image", path),
		"if the image may read it, add --allow-backing "+filepath.Dir(path))
}

// sameFile refuses an overlay that was made over another file.
func sameFile(base, path string) error {
	a, err := os.Stat(base)
	if err != nil {
		return err
	}
	b, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(a, b) {
		return advice.New(fmt.Sprintf("the overlay was made over this file, not over %s", base),
			"name another --overlay, which is made if it doesn't exist")
	}
	return nil
}

func sameFileMissing(overlay, base string) error {
	return advice.New(fmt.Sprintf("%s is no overlay over %s: it has no backing file", overlay, base),
		"name another --overlay, which is made if it doesn't exist")
}
