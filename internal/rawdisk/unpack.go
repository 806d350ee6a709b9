package rawdisk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spurboot/spur/internal/advice"
)

// pieceSize is how much is unpacked at once. Pieces of zeros become holes: what is mostly
// empty takes no room.
const pieceSize = 1 << 20

// unpack writes a stream into a file of dir that has no name any more.
func unpack(ctx context.Context, from io.Reader, dir string, most int64) (*os.File, error) {
	f, err := os.CreateTemp(dir, "spur-disk-*")
	if err != nil {
		return nil, err
	}
	err = errors.Join(os.Remove(f.Name()), fill(ctx, f, from, most))
	if err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.ENOSPC) {
			where := dir
			if where == "" {
				where = os.TempDir()
			}
			err = advice.Wrap(fmt.Errorf("unpack it in %s: %w", where, syscall.ENOSPC), "name a folder with more room with TMPDIR in the environment, or unpack the image yourself")
		}
		return nil, err
	}
	return f, nil
}

func fill(ctx context.Context, f *os.File, from io.Reader, most int64) error {
	piece, zeros := make([]byte, pieceSize), make([]byte, pieceSize)
	for at := int64(0); ; {
		n, err := io.ReadFull(from, piece)
		ends := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n > 0 && endsHere(from)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !ends:
			return cutOff(err)
		case at+int64(n) > most:
			return advice.New(fmt.Sprintf("it unpacks to more than %d GiB, which no machine is booted from", most>>30), "check what it is")
		}
		if !bytes.Equal(piece[:n], zeros[:n]) {
			if _, err := f.WriteAt(piece[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
		if ends {
			return f.Truncate(at)
		}
	}
}

// endsHere tells whether a stream has really ended. io.ReadFull says so of a last piece
// that is short, in the same words as a decompressor of a stream that is cut off, which
// says so again.
func endsHere(from io.Reader) bool {
	n, err := from.Read(make([]byte, 1))
	return n == 0 && err == io.EOF
}

// cutOff says of the errors of decompressors what they mean.
func cutOff(err error) error {
	if err == nil {
		return nil
	}
	return advice.Wrap(fmt.Errorf("it can't be unpacked: %w", err), "it is damaged or cut off: download or copy it again")
}
