package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/cpio"
)

// packed opens a file as the only one of a cpio archive, which a kernel unpacks as one
// more initrd.
func (s Sources) packed(ctx context.Context, f boot.File) (fs.File, error) {
	if f.Inside == boot.Root {
		return s.packedImage(ctx, f)
	}
	opened, err := s.Open(ctx, boot.File{Source: f.Source, Inside: f.Inside})
	if err != nil {
		return nil, err
	}
	file, err := Whole(opened)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	var before, behind bytes.Buffer
	if err := cpio.Around(&before, &behind, f.Packed, 0o644, file.size); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.Base(), err), opened.Close())
	}
	return NewComposite(f.Base(), Bytes(before.Bytes()), file, Bytes(behind.Bytes())), nil
}
