package target

import (
	"context"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// takeLinux takes a target for a Linux kernel, with its initrds and device trees.
func (l *Inspected) takeLinux(ctx context.Context, t Target, file boot.File, found image.Found, up Upstream) error {
	if err := checkPacked(file, found.Compression != ""); err != nil {
		return err
	}
	linux := boot.Linux{
		Kernel: file, Arch: found.Arch,
		Abilities: found.Abilities(),
	}
	if err := l.addInitrds(ctx, t, &linux, up); err != nil {
		return err
	}
	if found.Arch == boot.ARM64 && !file.IsURL() {
		linux.DeviceTrees = rpiDeviceTrees(file.Source)
	}
	if err := t.addDeviceTrees(&linux); err != nil {
		return err
	}
	linux.Room = l.room(boot.RoomOf(found.Extent))
	var err error
	linux.Cmdline, err = t.cmdline(ctx, up)
	l.Payload.Content, l.calls = linux, kernelCalls(file.Base(), found.Version)
	return err
}

// addInitrds looks into the initrds that were named, and adds them to a kernel.
func (l *Inspected) addInitrds(ctx context.Context, t Target, linux *boot.Linux, up Upstream) error {
	for n, name := range t.Initrds {
		f, err := l.lookInitrd(ctx, name, up.read)
		if err != nil {
			return initrdsOption.aboutNumber(n, err)
		}
		linux.Initrds = append(linux.Initrds, f)
	}
	return nil
}

func (l *Inspected) lookInitrd(ctx context.Context, name string, from image.Reader) (boot.File, error) {
	f, err := located(name)
	if err != nil {
		return f, err
	}
	var found image.Initrd
	if f.IsURL() {
		found, err = image.FetchInitrd(ctx, f.Source, from)
	} else {
		found, err = image.OpenInitrd(f.Source)
	}
	if err != nil {
		return f, err
	}
	if found.Warning != "" {
		l.Warnings = append(l.Warnings, name+": "+found.Warning)
	}
	l.initrds = append(l.initrds, found.Extent)
	return f, nil
}

// cmdline reads the command line. The files that it names must be there.
func (t Target) cmdline(ctx context.Context, up Upstream) (boot.Template, error) {
	cmdline, err := parseCmdline(t.Cmdline)
	if err != nil {
		return boot.Template{}, err
	}
	return checked(ctx, cmdline, up)
}

// checked is a command line whose files are there.
func checked(ctx context.Context, cmdline boot.Template, up Upstream) (boot.Template, error) {
	cmdline, err := cmdline.MapFiles(func(name string) (string, error) {
		f, err := located(name)
		if err != nil {
			return "", err
		}
		return f.Source, up.check(ctx, f)
	})
	return cmdline, cmdlineOption.about(advice.Or(err, "the command line refers to this file; check its name and its permissions"))
}
