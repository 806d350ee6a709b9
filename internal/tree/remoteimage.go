package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
)

// errNoParts says that an image at a URL can't be read in parts, so that all of it has to
// be fetched.
var errNoParts = errors.New("no parts of it can be fetched")

// errImageChanged says that an image at a URL was replaced while files of it are read.
var errImageChanged = errors.New("the image was replaced on its server; ask again")

// imagePart is how much of an image at a URL is fetched at once to find files in it.
const imagePart = 128 << 10

// OpenPart is the type of Sources.Part.
type OpenPart func(ctx context.Context, url string, off, size int64) (fs.File, error)

// Look opens what is at a URL to be read here and there, without fetching the rest.
func (open OpenPart) Look(ctx context.Context, url string) (fs.File, error) {
	r, info, err := Sources{Part: open}.openRemote(ctx, url)
	if err != nil {
		return nil, err
	}
	return lookedAt{io.NewSectionReader(r, 0, r.size), remoteInfo{info, r.size}}, nil
}

// lookedAt is what Look opens. It holds nothing.
type lookedAt struct {
	*io.SectionReader
	info fs.FileInfo
}

func (f lookedAt) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f lookedAt) Close() error               { return nil }

// remoteImage reads an image at a URL part by part. Parts are kept by who fetches them.
type remoteImage struct {
	ctx  context.Context
	part OpenPart
	url  string
	tag  string
	size int64
}

// remotePart is what Sources.Part opens.
type remotePart interface {
	fs.File
	io.ReaderAt
	ETag() string
	Whole() int64
}

// openRemote asks which image is at a URL.
func (s Sources) openRemote(ctx context.Context, url string) (*remoteImage, fs.FileInfo, error) {
	r := &remoteImage{ctx: ctx, part: s.Part, url: url}
	first, err := r.open(0, imagePart)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNoParts, err)
	}
	defer first.Close()
	info, err := first.Stat()
	if r.tag, r.size = first.ETag(), first.Whole(); err == nil && (r.tag == "" || r.size < 0) {
		err = errNoParts
	}
	return r, info, err
}

// open opens a part of the image, of the version that was opened first.
func (r *remoteImage) open(off, size int64) (remotePart, error) {
	f, err := r.part(r.ctx, r.url, off, size)
	if err != nil {
		return nil, err
	}
	part, ok := f.(remotePart)
	switch {
	case !ok:
		err = errNoParts
	case r.tag != "" && part.ETag() != r.tag:
		err = errImageChanged
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return part, nil
}

// ReadAt implements io.ReaderAt.
func (r *remoteImage) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= r.size {
			return n, io.EOF
		}
		read, err := r.readPart(p[n:], off)
		n, off = n+read, off+int64(read)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// readPart reads what one part has from off on.
func (r *remoteImage) readPart(p []byte, off int64) (int, error) {
	begin := off / imagePart * imagePart
	part, err := r.open(begin, imagePart)
	if err != nil {
		return 0, err
	}
	defer part.Close()
	p = p[:min(int64(len(p)), min(begin+imagePart, r.size)-off)]
	n, err := part.ReadAt(p, off-begin)
	if n == len(p) {
		return n, nil
	}
	return n, errors.Join(err, io.ErrUnexpectedEOF)
}

// insideRemote opens a file in an image at a URL, of which no more is fetched than where
// the file is, and the file.
func (s Sources) insideRemote(ctx context.Context, f boot.File) (fs.File, error) {
	r, info, err := s.openRemote(ctx, f.Source)
	if err != nil {
		return nil, err
	}
	c := container{ReaderAt: r, info: remoteInfo{info, r.size}, tag: r.tag, version: r.tag}
	file, err := s.Images.find(c, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", boot.File{Source: f.Source}.Base(), err)
	}
	return r.assemble(file)
}

// remoteInfo is what is known of the whole image.
type remoteInfo struct {
	fs.FileInfo
	size int64
}

func (i remoteInfo) Size() int64 { return i.size }

// assemble puts a file together of the parts of its image.
func (r *remoteImage) assemble(file *inside) (fs.File, error) {
	var all []Section
	tag := file.ETag()
	for off := int64(0); off < file.Size(); {
		at, n, err := file.Place(off)
		if err != nil {
			return nil, errors.Join(err, NewComposite("", all...).Close())
		}
		section := Zeros(n)
		if at >= 0 {
			part, err := r.open(at, n)
			if err != nil {
				return nil, errors.Join(err, NewComposite("", all...).Close())
			}
			section = Section{content: part, size: n, closer: part}
		}
		section.mark = fmt.Sprint(tag, off)
		all = append(all, section)
		off += n
	}
	return &remoteFile{NewComposite(file.name.Base(), all...), tag, insideInfo{ownInfo(file.placed), file.container.info}}, nil
}

func ownInfo(f placed) fs.FileInfo {
	info, _ := f.Stat() // which has no trouble
	return info
}

// remoteFile is a file in an image at a URL.
type remoteFile struct {
	*Composite
	tag  string
	info fs.FileInfo
}

// ETag implements httpd.Tagged.
func (f *remoteFile) ETag() string { return f.tag }

// Stat implements fs.File.
func (f *remoteFile) Stat() (fs.FileInfo, error) { return f.info, nil }
