package tree

import (
	"container/list"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"syscall"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/iso"
)

// Images knows what was found in the images in which files lie, for many goroutines. It
// holds none of them open: each file that is served has its image opened for itself.
type Images struct {
	mu     sync.Mutex
	known  map[string]*list.Element
	recent *list.List // of knownImage, the one used last in front
}

type knownImage struct {
	version string
	image   *iso.Image
}

// imagesMost bounds the images that are known.
const imagesMost = 64

// NewImages knows none yet.
func NewImages() *Images {
	return &Images{known: map[string]*list.Element{}, recent: list.New()}
}

// inside opens a file in an image that was opened. The result closes the image; so does
// a failure.
func (s *Images) inside(whole fs.File, f boot.File) (fs.File, error) {
	c, err := openContainer(whole)
	if err == nil {
		var file *inside
		if file, err = s.find(c, f); err == nil {
			return file, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s: %w", boot.File{Source: f.Source}.Base(), err), whole.Close())
}

// find finds a file in an image.
func (s *Images) find(c container, f boot.File) (*inside, error) {
	image, err := s.look(c, f.Source)
	if err != nil {
		return nil, err
	}
	return openInside(image, c, f)
}

// look looks into the image, unless the same was looked into before.
func (s *Images) look(c container, source string) (*iso.Image, error) {
	version := source + " " + c.version
	image, known := s.get(version)
	if !known {
		var err error
		if image, err = iso.Open(c.ReaderAt, c.info.Size()); err != nil {
			return nil, err
		}
		if c.version != "" {
			s.put(knownImage{version, image.Through(nil)})
		}
	}
	return image.Through(c.ReaderAt), nil
}

func (s *Images) get(version string) (*iso.Image, bool) {
	if s == nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.known[version]
	if !ok {
		return nil, false
	}
	s.recent.MoveToFront(e)
	known, _ := e.Value.(knownImage)
	return known.image, true
}

func (s *Images) put(k knownImage) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[k.version] != nil {
		return
	}
	s.known[k.version] = s.recent.PushFront(k)
	if s.recent.Len() > imagesMost {
		oldest, _ := s.recent.Remove(s.recent.Back()).(knownImage)
		delete(s.known, oldest.version)
	}
}

// container is a file that is an image.
type container struct {
	io.ReaderAt
	file    fs.File
	info    fs.FileInfo
	tag     string // changes when the image does, and is the same on every server; empty: nobody could tell
	version string // likewise, and tells contents apart on this host
}

// openContainer asks what is to be known of a file to have files of it served.
func openContainer(whole fs.File) (container, error) {
	if coming, ok := whole.(interface{ WaitSize(func(int64)) error }); ok {
		if err := coming.WaitSize(nil); err != nil {
			return container{}, err
		}
	}
	r, ok := whole.(io.ReaderAt)
	if !ok {
		return container{}, errors.New("an image must be read at random")
	}
	info, err := whole.Stat()
	if err != nil {
		return container{}, err
	}
	if info.Size() < 0 {
		return container{}, errors.New("the size of an image must be known")
	}
	c := container{ReaderAt: r, file: whole, info: info}
	tagged, ok := whole.(interface{ ETag() string })
	switch {
	case ok && tagged.ETag() != "":
		c.tag = tagged.ETag()
	case !info.ModTime().IsZero():
		c.tag = fmt.Sprint(info.Size(), info.ModTime().UnixNano())
	}
	c.version = c.tag
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		c.version = fmt.Sprint(c.tag, " ", stat.Dev, stat.Ino, stat.Ctim.Nano())
	}
	return c, nil
}
