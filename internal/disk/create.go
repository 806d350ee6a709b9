package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/internal/advice"
)

// CreateOptions say what Create makes.
type CreateOptions struct {
	// Size in bytes; 0, with Backing, is that of the backing file.
	Size int64
	// Format "" is qcow2.
	Format Format
	// Backing is read where the image has nothing of its own.
	Backing string
	// BackingFormat "" is to look.
	BackingFormat Format
	// Allow is for backing files of the backing file; see Options.
	Allow []string
	// Notice, if set, is called with what is odd about the image.
	Notice func(text string)
}

// Check says what can't go together.
func (o CreateOptions) Check() error {
	switch {
	case o.Size == 0 && o.Backing == "":
		return errors.New("how large? Give a size, such as 10G")
	case o.Backing == "" && (o.BackingFormat != "" || len(o.Allow) > 0):
		return errors.New("--backing-format and --allow-backing are for --backing, which is missing")
	case o.Backing != "" && o.Format == diskimage.Raw:
		return errors.New("a raw file can't have a backing file; qcow2 can")
	}
	return nil
}

// Create makes an image that reads as zeros, or as its backing file. It fails
// if there is a file of that name.
func Create(ctx context.Context, name string, o CreateOptions) error {
	format, err := NewFormat(name, o.Format)
	if err != nil {
		return err
	}
	if format == diskimage.Raw {
		file, err := newFile(name)
		if err != nil {
			return err
		}
		return discard(name, errors.Join(raw.Create(file, raw.CreateOptions{Size: o.Size}), file.Close()))
	}
	options := qcow2.CreateOptions{Size: o.Size}
	if o.Backing != "" {
		base, err := Open(ctx, o.Backing, Options{ReadOnly: true, Format: o.BackingFormat, Allow: o.Allow})
		if err != nil {
			return err
		}
		defer base.Close()
		tellLost(base, o.Notice)
		if options.Size == 0 {
			options.Size = base.Size()
		}
		if options.Size == 0 {
			return advice.New(o.Backing+" is empty, and so no disk to lie over", "check the name, or give the image a size of its own")
		}
		if options.BackingName, err = nameFrom(name, o.Backing); err != nil {
			return err
		}
		options.BackingFormat = base.Format.QEMU()
	}
	file, err := newFile(name)
	if err != nil {
		return err
	}
	if err := discard(name, errors.Join(qcow2.Create(file, options), file.Close())); err != nil {
		return err
	}
	if o.Notice != nil && filepath.IsAbs(options.BackingName) && !diskimage.Within(options.BackingName, filepath.Dir(name)) {
		o.Notice(fmt.Sprintf("%s lies over %s, which is outside its folder: whoever opens it has to say --allow-backing %s", name, options.BackingName, filepath.Dir(options.BackingName)))
	}
	return nil
}

// nameFrom is how an image names its backing file: from its own folder where
// that has it, so that both can be moved together.
func nameFrom(image, backing string) (string, error) {
	if isURL(backing) {
		return "", advice.New("a URL can't be a backing file", "convert it to a file first: spur disk convert "+backing+" FILE")
	}
	path, err := filepath.EvalSymlinks(backing)
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	folder, err := filepath.Abs(filepath.Dir(image))
	if err != nil {
		return "", err
	}
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return "", adviseNew(image, err)
	}
	if rel, err := filepath.Rel(folder, path); err == nil && filepath.IsLocal(rel) && !diskimage.HasProtocol(rel) {
		return rel, nil
	}
	return path, nil
}

// newFile makes a file that wasn't there, and opens it.
func newFile(name string) (*block.OSFile, error) {
	file, err := block.OpenFile(name, block.FileOptions{New: true})
	if err != nil {
		return nil, adviseNew(name, err)
	}
	return file, nil
}

// discard removes a file of ours that came to nothing.
func discard(name string, err error) error {
	if err == nil {
		return nil
	}
	if advice.Of(err) == "" {
		err = adviseNew(name, err)
	}
	return errors.Join(err, os.Remove(name))
}
