package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/tree"
)

// takeMultiboot takes a target for a Multiboot kernel, with its modules.
func (l *Inspected) takeMultiboot(ctx context.Context, t Target, file boot.File, found image.Found, up Upstream) error {
	alone := Target{Kernel: t.Kernel, Initrds: t.Initrds, DTB: t.DTB}
	if err := alone.onlyItself("a Multiboot kernel", "name what it is to have beside it with --module"); err != nil {
		return err
	}
	kernel := boot.Multiboot{
		Kernel: file, First: found.Format != image.Multiboot2, Second: found.Format != image.Multiboot1,
		Wide: found.Arch == boot.X64, Packed: found.Compression != "", Xen: found.Xen, EntryEFI64: found.EntryEFI64,
	}
	if err := checkPacked(kernel.Kernel, kernel.Packed); err != nil {
		return err
	}
	var err error
	if kernel.Cmdline, err = t.cmdline(ctx, up); err != nil {
		return err
	}
	for n, text := range t.Modules {
		module, err := lookModule(ctx, text, up)
		if err != nil {
			return modulesOption.aboutNumber(n, err)
		}
		kernel.Modules = append(kernel.Modules, module)
	}
	if l.warnOfModules(ctx, kernel, up); ctx.Err() != nil {
		return context.Cause(ctx)
	}
	kernel.Bytes = bytesOf(kernel.Loaded())
	l.Payload.Content = kernel
	return nil
}

// withoutModules refuses modules beside what is no Multiboot kernel.
func (t Target) withoutModules(about string) error {
	if len(t.Modules) == 0 {
		return nil
	}
	return modulesOption.about(advice.Misused(advice.New(fmt.Sprintf("%s takes no --module: it is %s", t.Kernel, about), "modules go with Multiboot kernels and Xen alone; name the initrds of a Linux kernel as INITRD")))
}

// lookModule reads what --module says: a file, and what the kernel is told about it. The
// file must be there.
func lookModule(ctx context.Context, text string, up Upstream) (boot.Module, error) {
	name, told := cutModule(text)
	file, err := located(name)
	if err != nil {
		return boot.Module{}, err
	}
	if err := up.check(ctx, file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("there is no file %s for --module %q (%w)", name, text, fs.ErrNotExist)
		}
		return boot.Module{}, advice.Or(err, "check its name and its permissions; what follows the first blank is what the kernel is told about it")
	}
	line := Target{Kernel: name, Cmdline: told}
	template, err := line.cmdline(ctx, up)
	return boot.Module{File: file, Text: template}, err
}

// cutModule cuts what --module says at its first blank, unless all of it is a file's
// name.
func cutModule(text string) (name, told string) {
	if info, err := os.Stat(text); err == nil && !info.IsDir() {
		return text, ""
	}
	name, told, _ = strings.Cut(strings.TrimSpace(text), " ")
	return name, strings.TrimSpace(told)
}

// checkPacked tells whether a kernel of this host that is a gzip file (packed) can be unpacked.
func checkPacked(kernel boot.File, packed bool) error {
	if !packed || kernel.IsURL() {
		return nil
	}
	f, err := OpenRegular(kernel.Source)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := tree.Unpack(f); err != nil {
		return advice.Or(fmt.Errorf("%s can't be unpacked: %w", kernel.Source, err), "download or copy it again")
	}
	return nil
}
