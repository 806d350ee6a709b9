package rawdisk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/archive"
	"github.com/spurboot/spur/internal/scratch"
	"github.com/spurboot/spur/internal/size"
)

const (
	// pieceSize is how much is unpacked at once. Pieces of zeros become holes: what is
	// mostly empty takes no room.
	pieceSize = 1 << 20
	// saidAfter is how long unpacking may take before it is said, and saidEvery how often
	// it is said then.
	saidAfter, saidEvery = 2 * time.Second, 5 * time.Second
)

// progress is an image that is being unpacked.
type progress struct {
	name   string
	from   io.ReaderAt
	packed int64 // bytes
	read   int64 // the first ones of these
	say    func(line string)
	said   time.Time // when it is said next
	dir    string
	free   int64 // bytes there before the first one was written
	unread bool  // whether reading the image has failed
	turn   chan struct{}
}

// inTurn has f unpack something, while none of the other images is unpacked.
func (p *progress) inTurn(f func()) {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	f()
}

// ReadAt implements io.ReaderAt, for decoders, which read when it is the image's turn. Others
// have theirs while it waits for its server or disk.
func (p *progress) ReadAt(b []byte, off int64) (int, error) {
	<-p.turn
	n, err := p.from.ReadAt(b, off)
	p.turn <- struct{}{}
	p.read = max(p.read, off+int64(n))
	p.unread = p.unread || err != nil && !errors.Is(err, io.EOF)
	return n, err
}

// unpack writes what is in the image into a file of dir that has no name any more, so that
// it goes with the process, however that ends.
func (p *progress) unpack(ctx context.Context, dir string, most int64) (*os.File, int64, error) {
	p.dir = folderOr(dir)
	p.free, _, _ = scratch.Room(p.dir)
	p.said = time.Now().Add(saidAfter)
	var from io.ReadCloser
	var err error
	p.inTurn(func() { from, _, err = archive.Decompress(p, p.packed) })
	if err != nil {
		return nil, 0, cutOff(err)
	}
	defer from.Close()
	f, err := os.CreateTemp(p.dir, "spur-disk-*")
	if err != nil {
		return nil, 0, advice.Wrap(fmt.Errorf("unpack it: %w", err), "name a folder that may be written with TMPDIR in the environment, or unpack the image yourself")
	}
	var n int64
	if err = os.Remove(f.Name()); err == nil {
		n, err = p.fill(ctx, f, from, most)
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, n, nil
}

// fill writes a stream into an empty file.
func (p *progress) fill(ctx context.Context, f *os.File, from io.Reader, most int64) (int64, error) {
	piece, zeros := make([]byte, pieceSize), make([]byte, pieceSize)
	for at := int64(0); ; {
		var n int
		var err error
		var ends bool
		p.inTurn(func() { n, ends, err = readPiece(from, piece) })
		switch {
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case err != nil && !ends:
			return 0, cutOff(err)
		case at+int64(n) > most:
			return 0, tooMuch()
		}
		if !bytes.Equal(piece[:n], zeros[:n]) {
			if err := p.write(f, piece[:n], at); err != nil {
				return 0, err
			}
		}
		at += int64(n)
		p.tell(at)
		if ends {
			return at, f.Truncate(at)
		}
	}
}

// readPiece reads the next piece. ends is whether it is the last one.
func readPiece(from io.Reader, piece []byte) (n int, ends bool, err error) {
	n, err = io.ReadFull(from, piece)
	// A reader of an image that is cut off may say so in the same words as ReadFull does at
	// the end of one that isn't.
	ends = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n > 0 && endsHere(from)
	return n, ends, err
}

// tooMuch is the error of an image that doesn't fit in beside the others.
func tooMuch() error {
	return advice.New(fmt.Sprintf("all compressed images together would unpack to more than %d GiB", UnpackedMost>>30), "check what they are, or unpack them yourself")
}

// write writes a piece where that leaves enough of the file system free for others.
func (p *progress) write(f *os.File, piece []byte, at int64) error {
	free, kept, err := scratch.Room(p.dir)
	if err == nil && free-int64(len(piece)) < kept {
		err = unix.ENOSPC
	}
	if err == nil {
		_, err = f.WriteAt(piece, at)
	}
	if errors.Is(err, unix.ENOSPC) {
		return p.short(at, at+int64(len(piece)), free)
	}
	return err
}

// about is how large it all will be, by what it is so far.
func (p *progress) about(at int64) int64 {
	return max(at, int64(float64(at)*float64(p.packed)/float64(max(p.read, 1))))
}

// tell says how far it is.
func (p *progress) tell(at int64) {
	if now := time.Now(); now.After(p.said) {
		p.said = now.Add(saidEvery)
		p.say(fmt.Sprintf("Unpacking %s in %s: %d%%, %s of about %s.", p.name, p.dir, 100*p.read/max(p.packed, 1), size.About(at), size.About(p.about(at))))
	}
}

// endsHere tells whether a reader has no more.
func endsHere(from io.Reader) bool {
	n, err := from.Read(make([]byte, 1))
	return n == 0 && err == io.EOF
}

// cutOff says what to do about an image that can't be unpacked.
func cutOff(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return advice.New("it can't be unpacked: it is cut off", "download or copy it again")
	}
	return advice.Wrap(fmt.Errorf("it can't be unpacked: %w", err), "it is damaged or cut off: download or copy it again")
}
