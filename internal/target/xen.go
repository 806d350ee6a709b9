package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// takeXen takes a target for Xen's program for UEFI, with the modules that it reads: the
// first is its first domain's kernel, and of the others what isn't known for something
// else that one's ramdisk.
func (l *Inspected) takeXen(ctx context.Context, t Target, file boot.File, found image.Found, up Upstream) error {
	alone := Target{Kernel: t.Kernel, Initrds: t.Initrds, DTB: t.DTB}
	if err := alone.onlyItself("Xen for UEFI", "name what it is to have beside it with --module"); err != nil {
		return err
	}
	if len(t.Modules) == 0 {
		return modulesOption.about(advice.Misused(advice.New(t.Kernel+" is Xen for UEFI, and there is no kernel for its first domain", `name one with --module "vmlinuz root=…", and its initrd with another --module; or say --as efi to have it started as it is`)))
	}
	xen := boot.Xen{Program: file, Arch: found.Arch, Signed: found.Signed}
	var err error
	if xen.Options, err = t.cmdline(ctx, up); err != nil {
		return err
	}
	if why := unfitForXenConfig(t.Cmdline); why != "" {
		return cmdlineOption.about(advice.Misused(advice.New("--cmdline "+why, leaveThatOut)))
	}
	for n, text := range t.Modules {
		if err := addXenModule(ctx, &xen, text, n == 0, up); err != nil {
			return modulesOption.aboutNumber(n, err)
		}
	}
	xen.Bytes = bytesOf(xen.Loaded())
	l.Payload.Content = xen
	return nil
}

const leaveThatOut = "leave that out"

// unfitForXenConfig says what of a text xen.cfg can't have, or "".
func unfitForXenConfig(text string) string {
	if strings.Contains(text, "#") {
		return fmt.Sprintf("%q has a #, at which Xen for UEFI ends what it is told", text)
	}
	return ""
}

// addXenModule adds what --module says.
func addXenModule(ctx context.Context, x *boot.Xen, text string, first bool, up Upstream) error {
	module, err := lookModule(ctx, text, up)
	if err != nil {
		return err
	}
	if _, told := cutModule(text); unfitForXenConfig(told) != "" {
		return advice.Misused(advice.New("--module "+unfitForXenConfig(told), leaveThatOut))
	}
	if first {
		x.Kernel = module
		return notTheKernel(ctx, x.Arch, module.File, up)
	}
	if !module.Text.Empty() {
		return advice.Misused(advice.New(fmt.Sprintf("--module %q tells Xen for UEFI something about a file that isn't the kernel, which it has no place for", text), leaveThatOut))
	}
	return placeXenModule(ctx, x, module.File, up)
}

// notTheKernel refuses an initrd where the first domain's kernel should be, and a kernel for
// another architecture. Xen starts kernels of more systems than Linux.
func notTheKernel(ctx context.Context, xen boot.Arch, f boot.File, up Upstream) error {
	var found image.Found
	err := withFile(ctx, f, up, func(r io.ReaderAt, size int64) (err error) {
		found, err = image.Look(r, size)
		return err
	})
	if m, ok := errors.AsType[*image.Mismatch](err); ok {
		err = nil
		if m.IsInitrd() {
			err = advice.Misused(advice.New(fmt.Sprintf("the first --module, %s, is %s, and Xen wants the kernel of its first domain there", f.Base(), m.Looks), "name the kernel first"))
		}
		return err
	}
	if foreign := found.Arch != "" && found.Arch != xen && (found.Arch != boot.X86 || xen != boot.X64); err == nil && foreign {
		return advice.Misused(advice.New(fmt.Sprintf("the first --module, %s, is a kernel for %s, and Xen is for %s", f.Base(), found.Arch, xen), "name one for the same"))
	}
	return err
}

// placeXenModule puts a file where xen.cfg has a place for it.
func placeXenModule(ctx context.Context, x *boot.Xen, f boot.File, up Upstream) error {
	beginning := make([]byte, 64)
	err := withFile(ctx, f, up, func(r io.ReaderAt, _ int64) error {
		if _, err := r.ReadAt(beginning, 0); !errors.Is(err, io.EOF) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	place, what, join := &x.Ramdisk, "ramdisk", "join them into one file (cat)"
	switch image.XenModuleOf(beginning) {
	case image.XenPolicy:
		place, what, join = &x.Policy, "policy of the Xen Security Modules", "leave one out"
	case image.XenMicrocode:
		place, what, join = &x.Microcode, "microcode", "leave one out"
	}
	if *place != (boot.File{}) {
		return advice.Misused(advice.New(fmt.Sprintf("%s and %s would both be the %s, of which Xen for UEFI takes one", place.Base(), f.Base(), what), join))
	}
	*place = f
	return nil
}
