package disk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/hint"
)

// backings opens the backing files of one image, where they may be.
type backings struct {
	allow []string // folders
	base  string   // what the image's own backing file has to be, "" for anything that is allowed
	files []string // that were opened
	depth int      // parents that were opened
}

// beside opens what the image of that name consists of besides its file.
func (b *backings) beside(ctx context.Context, image string) beside {
	return beside{backing: b.backing(image), extent: b.extent(image), parent: b.parent(ctx, image)}
}

func (b *backings) backing(image string) qcow2.Opener {
	return func(ctx context.Context, ref qcow2.Reference) (qcow2.Backing, error) {
		path, file, err := b.open(image, ref)
		if err != nil {
			return qcow2.Backing{}, err
		}
		format := named(ref.Format)
		switch format {
		case Raw, "":
			return qcow2.Backing{File: file, Name: path}, nil
		case Qcow2:
			journal, err := findJournal(path, file, false)
			if err != nil {
				file.Close()
			}
			return qcow2.Backing{File: file, Name: path, Journal: journal}, err
		}
		d, err := open(ctx, file, Options{ReadOnly: true, Format: format}, b.beside(ctx, path))
		if err != nil {
			file.Close()
			return qcow2.Backing{}, err
		}
		return qcow2.Backing{Device: d, Name: path}, nil
	}
}

// extent opens the files that a VMDK descriptor names.
func (b *backings) extent(image string) func(context.Context, string) (block.Source, error) {
	return func(_ context.Context, name string) (block.Source, error) {
		own, err := filepath.EvalSymlinks(image)
		if err != nil {
			return nil, err
		}
		_, file, err := b.open(image, qcow2.Reference{Name: name, Parent: own})
		if err != nil {
			return nil, err
		}
		return file, nil
	}
}

// open opens a file that an image names, if it may be.
func (b *backings) open(image string, ref qcow2.Reference) (string, *block.OSFile, error) {
	path, err := resolve(image, ref)
	if err != nil {
		return "", nil, err
	}
	if err := b.permit(image, ref, path); err != nil {
		return "", nil, err
	}
	file, err := openFile(path, true)
	if err != nil {
		return "", nil, err
	}
	b.files = append(b.files, path)
	return path, file, nil
}

// resolve finds the file that an image means, links followed, so that what is
// judged is what is opened.
func resolve(image string, ref qcow2.Reference) (string, error) {
	name := strings.TrimPrefix(ref.Name, "file:")
	if strings.HasPrefix(name, "json:") || strings.Contains(name, "://") || hasProtocol(name) {
		return "", hint.New("it isn't a file",
			"only files can be backing files; convert the image to one that has none: qemu-img convert -O qcow2 IMAGE NEW")
	}
	if !filepath.IsAbs(name) {
		from := ref.Parent
		if from == "" {
			var err error
			if from, err = filepath.EvalSymlinks(image); err != nil {
				return "", err
			}
		}
		name = filepath.Join(filepath.Dir(from), name)
	}
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", hint.Wrap(err, "put the backing file where the image expects it, or tell the image of its new place: qemu-img rebase -u -F FORMAT -b FILE IMAGE")
	}
	return filepath.Abs(path)
}

// hasProtocol says whether QEMU takes what is before a colon for a protocol.
func hasProtocol(name string) bool {
	before, _, found := strings.Cut(name, ":")
	return found && !strings.Contains(before, "/")
}

// permit refuses a file that the image has no business with.
func (b *backings) permit(image string, ref qcow2.Reference, path string) error {
	if b.base != "" && ref.Parent == "" {
		return sameFile(b.base, path)
	}
	own, err := filepath.EvalSymlinks(image)
	if err != nil {
		return err
	}
	folders := append([]string{filepath.Dir(own)}, b.allow...)
	if b.base != "" {
		folders = append(folders, filepath.Dir(b.base))
	}
	for _, folder := range folders {
		if within(folder, path) {
			return nil
		}
	}
	return hint.New(fmt.Sprintf("%s is outside the folder of the image", path),
		"if the image may read it, add --allow-backing "+filepath.Dir(path))
}

// within says whether a path, with no links in it, is below a folder.
func within(folder, path string) bool {
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return false
	}
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
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
		return hint.New(fmt.Sprintf("the overlay was made over this file, not over %s", base),
			"name another --overlay, which is made if it doesn't exist")
	}
	return nil
}

func sameFileMissing(overlay, base string) error {
	return hint.New(fmt.Sprintf("%s is no overlay over %s: it has no backing file", overlay, base),
		"name another --overlay, which is made if it doesn't exist")
}
