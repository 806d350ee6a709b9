package tree

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"sync"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// The bounds of what is unpacked: of one file, how many are kept that nobody reads, and how
// many there are at all. All are in memory.
const (
	unpackedMost = 96 << 20
	unpackedKept = 3
	unpackedAll  = 6
)

// errUnpackedAll is about readers, of which slow ones may be many.
var errUnpackedAll error = crowded{advice.New(fmt.Sprintf("machines are reading %d other kernels that were unpacked for them, and more would fill the memory", unpackedAll),
	"try again when they have booted, or unpack the kernel yourself, with gunzip")}

// errUnpackedMost is about a kernel that would take too much memory. The story and who starts
// Spur are told the same, since the machine can do nothing about it.
var errUnpackedMost error = advice.New(fmt.Sprintf("unpacked it has more than %d MiB, which is the most that is unpacked in memory", unpackedMost>>20),
	"unpack it yourself, with gunzip, and boot that")

// crowded is about what a client can have a little later.
type crowded struct{ error }

// Unwrap leads to the advice.
func (c crowded) Unwrap() error { return c.error }

// HTTPStatus says over HTTP that the client may try again.
func (crowded) HTTPStatus() int { return http.StatusServiceUnavailable }

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
	readers int // guarded by that of Unpacking
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
	if err = errors.Join(err, file.Close()); err != nil {
		if content.closer != nil {
			err = errors.Join(err, content.closer.Close())
		}
		return nil, err
	}
	return NewComposite(f.Base(), content), nil
}

// unpack is what is in a gzip file. It is kept for as long as the section isn't closed.
func (u *Unpacking) unpack(file fs.File, f boot.File) (Section, error) {
	whole, err := Whole(file)
	if err != nil {
		return Section{}, err
	}
	whole.origin += f.Key()
	packed := NewComposite(f.Base(), whole)
	one, err := u.enter(packed.id())
	if err != nil {
		return Section{}, fmt.Errorf("%s can't be unpacked: %w", f.Base(), err)
	}
	one.once.Do(func() {
		var content []byte
		if content, one.err = Unpack(packed); one.err == nil {
			one.content = Bytes(content)
		}
	})
	if one.err != nil {
		u.leave(one)
		return Section{}, fmt.Errorf("%s can't be unpacked: %w", f.Base(), one.err)
	}
	content := one.content
	content.closer = leaving(sync.OnceFunc(func() { u.leave(one) }))
	return content, nil
}

// leaving is what a reader does when it is through.
type leaving func()

// Close implements io.Closer.
func (l leaving) Close() error { l(); return nil }

// enter is the place of a content for one more reader. It is the last one then.
func (u *Unpacking) enter(id contentID) (*unpacked, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	one := &unpacked{id: id}
	if i := slices.IndexFunc(u.kept, func(have *unpacked) bool { return have.id == id }); i >= 0 {
		one = u.kept[i]
		u.kept = slices.Delete(u.kept, i, i+1)
	}
	u.trim(unpackedKept - 1)
	if len(u.kept) >= unpackedAll {
		return nil, errUnpackedAll
	}
	one.readers++
	u.kept = append(u.kept, one)
	return one, nil
}

// leave is called when a reader is through. What couldn't be unpacked is tried anew by the
// next one.
func (u *Unpacking) leave(one *unpacked) {
	u.mu.Lock()
	defer u.mu.Unlock()
	one.readers--
	if one.err != nil {
		u.kept = slices.DeleteFunc(u.kept, func(have *unpacked) bool { return have == one })
	}
	u.trim(unpackedKept)
}

// trim gives up contents that nobody reads, the oldest first, until there are so many.
func (u *Unpacking) trim(most int) {
	more := len(u.kept) - most
	u.kept = slices.DeleteFunc(u.kept, func(have *unpacked) bool {
		gone := more > 0 && have.readers == 0
		if gone {
			more--
		}
		return gone
	})
}

// Unpack unpacks a gzip file whole, unless that is larger than any kernel.
func Unpack(packed io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(bufio.NewReader(packed))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(z, unpackedMost+1))
	if err == nil && len(content) > unpackedMost {
		return nil, errUnpackedMost
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it is cut off")
	}
	return content, err
}
