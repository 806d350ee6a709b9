package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/cpio"
	"github.com/spurboot/spur/internal/initrdlayout"
	"github.com/spurboot/spur/internal/iso"
)

// packedImage opens the files of an image as a cpio archive, in the layout that f names.
func (s Sources) packedImage(ctx context.Context, f boot.File) (fs.File, error) {
	layout, ok := initrdlayout.Find(f.Packed)
	if !ok {
		return nil, fmt.Errorf("%s: %w (no such layout)", f.Base(), fs.ErrNotExist)
	}
	whole, err := s.whole(ctx, f)
	if err != nil {
		return nil, err
	}
	sections, err := s.imageSections(whole, f.Source, layout)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", boot.File{Source: f.Source}.Base(), err), whole.Close())
	}
	return NewComposite(f.Base(), append(sections, Section{closer: whole})...), nil
}

// imageSections are those of the archive. They read the image, and don't close it.
func (s Sources) imageSections(whole fs.File, source string, layout initrdlayout.Layout) ([]Section, error) {
	c, err := openContainer(whole)
	if err != nil {
		return nil, err
	}
	if c.tag == "" {
		return nil, errors.New("of an image whose files go into an initrd the version must be known")
	}
	image, err := s.Images.look(c, source)
	if err != nil {
		return nil, err
	}
	entries, _, err := layout.Entries(image)
	if err != nil {
		return nil, err
	}
	a := newImageArchive(c, image)
	for _, e := range entries {
		if err := a.add(e); err != nil {
			return nil, err
		}
	}
	return a.close()
}

// imageArchive puts together the sections of an archive of an image's files.
type imageArchive struct {
	container container
	image     *iso.Image
	written   bytes.Buffer // by the writer since the last section
	cpio      *cpio.Writer
	sections  []Section
}

func newImageArchive(c container, image *iso.Image) *imageArchive {
	a := &imageArchive{container: c, image: image}
	a.cpio = cpio.NewWriter(&a.written)
	return a
}

// add adds an entry. The folder of a text is another archive's.
func (a *imageArchive) add(e initrdlayout.Entry) error {
	perm := int(e.Mode.Perm())
	switch {
	case e.Text != "":
		a.cpio.Exists(path.Dir(e.Name))
		a.cpio.File(e.Name, perm, []byte(e.Text))
	case e.Mode.IsDir():
		a.cpio.Folders(e.Name)
	case e.Target != "":
		a.cpio.Link(e.Name, e.Target)
	default:
		return a.addFile(e, perm)
	}
	return nil
}

// addFile adds a file of the image, which is read from there.
func (a *imageArchive) addFile(e initrdlayout.Entry, perm int) error {
	file, err := openInside(a.image, a.container, boot.File{Inside: e.From})
	if err != nil {
		return err
	}
	a.cpio.Begin(e.Name, perm, e.Size)
	a.flush()
	a.sections = append(a.sections, Section{content: file, size: e.Size, mark: file.ETag(), origin: a.container.version})
	a.cpio.End(e.Size)
	return nil
}

// flush makes a section of what the writer has written.
func (a *imageArchive) flush() {
	if a.written.Len() > 0 {
		a.sections = append(a.sections, Bytes(bytes.Clone(a.written.Bytes())))
		a.written.Reset()
	}
}

func (a *imageArchive) close() ([]Section, error) {
	err := a.cpio.Close()
	a.flush()
	return a.sections, err
}
