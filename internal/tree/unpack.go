package tree

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/spurboot/spur/internal/boot"
)

// The bounds of what is unpacked: of one file, and how many are kept.
const (
	unpackedMost = 96 << 20
	unpackedKept = 3
)

// Unpacking unpacks gzip files whole, each content once. The zero value is ready.
type Unpacking struct {
	mu   sync.Mutex
	kept []*unpacked // the last one that was asked for is the last
}

// unpacked is the content of a gzip file.
type unpacked struct {
	id      contentID
	once    sync.Once
	content Section
	err     error
}

// openUnpacked opens what is in a gzip file, whose size is known that way.
func (t *Tree) openUnpacked(ctx context.Context, f boot.File) (fs.File, error) {
	file, err := t.Sources.Open(ctx, f)
	if err != nil {
		return nil, err
	}
	if t.Unpacking == nil {
		return nil, errors.Join(missing(f.Base(), errors.New("nothing is unpacked here")), file.Close())
	}
	content, err := t.Unpacking.unpack(file, f)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return NewComposite(f.Base(), content), nil
}

// unpack is what is in a gzip file.
func (u *Unpacking) unpack(file fs.File, f boot.File) (Section, error) {
	whole, err := Whole(file)
	if err != nil {
		return Section{}, err
	}
	whole.origin += f.Key()
	packed := NewComposite(f.Base(), whole)
	one := u.find(packed.id())
	one.once.Do(func() {
		var content []byte
		if content, one.err = Unpack(packed); one.err == nil {
			one.content = Bytes(content)
		}
	})
	if one.err != nil {
		u.forget(one)
		return Section{}, fmt.Errorf("%s can't be unpacked: %w", f.Base(), one.err)
	}
	return one.content, nil
}

// find is the place of a content, which is the last one then.
func (u *Unpacking) find(id contentID) *unpacked {
	u.mu.Lock()
	defer u.mu.Unlock()
	i := slices.IndexFunc(u.kept, func(have *unpacked) bool { return have.id == id })
	one := &unpacked{id: id}
	switch {
	case i >= 0:
		one = u.kept[i]
		u.kept = slices.Delete(u.kept, i, i+1)
	case len(u.kept) == unpackedKept:
		u.kept = slices.Delete(u.kept, 0, 1)
	}
	u.kept = append(u.kept, one)
	return one
}

// forget has a content unpacked again that couldn't be.
func (u *Unpacking) forget(one *unpacked) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.kept = slices.DeleteFunc(u.kept, func(have *unpacked) bool { return have == one })
}

// Unpack unpacks a gzip file whole, unless that is larger than any kernel.
func Unpack(packed io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(bufio.NewReader(packed))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(z, unpackedMost+1))
	if err == nil && len(content) > unpackedMost {
		err = fmt.Errorf("it has more than %d MiB", unpackedMost>>20)
	}
	return content, err
}
