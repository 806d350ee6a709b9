package target

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// warnOfModules says of Xen, as a Multiboot kernel, that it lacks the kernel of its first
// domain, or that something else is in that one's place. Other kernels take modules as they like.
func (l *Inspected) warnOfModules(ctx context.Context, xen boot.Multiboot, up Upstream) {
	switch {
	case !xen.Xen:
	case len(xen.Modules) == 0:
		l.Warnings = append(l.Warnings, fmt.Sprintf(`%s has no kernel for its first domain (dom0), and Xen stops with "dom0 kernel not specified": name one with --module "vmlinuz console=hvc0", and its initrd with another --module (docs/xen.md)`, xen.Title()))
	default:
		first := xen.Modules[0].File
		if looks := initrdInPlace(ctx, first, up); looks != "" {
			l.Warnings = append(l.Warnings, fmt.Sprintf("the first --module, %s, is %s, and Xen takes the first one for the kernel of its first domain (dom0): name the kernel first, then its initrd (docs/xen.md)", first.Base(), looks))
		}
	}
}

// initrdInPlace says what an initrd looks like that is where a kernel should be; empty for
// what is none. Whoever serves a file that can't be read says so.
func initrdInPlace(ctx context.Context, f boot.File, up Upstream) string {
	err := withFile(ctx, f, up, func(r io.ReaderAt, size int64) error {
		_, err := image.Look(r, size)
		return err
	})
	if m, ok := errors.AsType[*image.Mismatch](err); ok && m.IsInitrd() {
		return m.Looks
	}
	return ""
}
