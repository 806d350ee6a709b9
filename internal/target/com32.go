package target

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// isCOM32 tells whether a target is to be taken for a module of Syslinux.
func (t Target) isCOM32() bool {
	return t.As == string(boot.KindCOM32) || t.As == "" && image.MeantForCOM32(t.Kernel) && !isDir(t.Kernel)
}

// belongsToSyslinux tells whether a file in a folder of targets is one that only Syslinux's
// configurations or other modules use: its cores, libraries, menus, and what starts or does
// nothing without arguments, of which it has none beside it.
func belongsToSyslinux(path string) bool {
	name, module := strings.CutSuffix(strings.ToLower(filepath.Base(path)), ".c32")
	if !module {
		return slices.Contains([]string{"ldlinux.sys", "ldlinux.e32", "ldlinux.e64", "ldlinux.bin", "isolinux.bin"}, name)
	}
	if strings.HasPrefix(name, "lib") || slices.Contains([]string{"ldlinux", "menu", "vesamenu", "cmenu", "gfxboot"}, name) {
		return true
	}
	_, cmdline := companions(path)
	return cmdline == "" && slices.Contains([]string{
		"cat", "chain", "cmd", "config", "elf", "ethersel", "gpxecmd", "ifcpu", "ifcpu64", "ifmemdsk", "ifplop", "kbdmap",
		"linux", "lua", "mboot", "pmload", "pxechn", "sanboot", "sdi", "syslinux", "whichsys",
	}, name)
}

// takeCOM32 takes a target for a module of Syslinux, with its arguments, and what is named
// behind it for files that it asks for.
func (l *Inspected) takeCOM32(ctx context.Context, t Target, up Upstream) error {
	alone := Target{Kernel: t.Kernel, Modules: t.Modules, DTB: t.DTB}
	if err := alone.onlyItself("a Syslinux module", "leave that out"); err != nil {
		return err
	}
	file, err := located(t.Kernel)
	if err != nil {
		return err
	}
	if file.IsURL() {
		return advice.Misused(advice.New(t.Kernel+" is a URL, and what a Syslinux module needs is looked for beside it", "copy it here, with the modules that it needs"))
	}
	found, err := image.OpenCOM32(file.Source)
	if err != nil {
		return err
	}
	module := boot.COM32{Module: file, Arch: found.Arch}
	for n, name := range slices.Concat(found.Needs, t.Initrds) {
		f, err := located(name)
		if err == nil {
			err = up.check(ctx, f)
		}
		if err != nil {
			return initrdsOption.aboutNumber(n-len(found.Needs), advice.Or(err, "check its name and its permissions"))
		}
		if _, twice := module.File(f.Base()); twice {
			return initrdsOption.aboutNumber(n-len(found.Needs), advice.Misused(advice.New(fmt.Sprintf("two of the files are called %s, by which the module would ask for them", f.Base()), "rename one")))
		}
		module.Beside = append(module.Beside, f)
	}
	if len(found.Lacks) > 0 {
		l.Warnings = append(l.Warnings, fmt.Sprintf("%s needs %s beside it, which isn't there: copy that there, from the same version of Syslinux", file.Base(), strings.Join(found.Lacks, ", ")))
	}
	module.Arguments, err = t.cmdline(ctx, up)
	l.about, l.Payload.Content = found.Description, module
	return err
}
