package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/target"
)

// targetFlags say what is to boot, beside the arguments.
type targetFlags struct {
	target.Target
	other archFlags
	menu  menuFlags
}

func (f *targetFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.Cmdline, "cmdline", "", "the kernel's command line, a `text`")
	flags.StringVar(&f.As, "as", "", "take KERNEL for this `kind`, whatever it looks like: linux, multiboot, xen (xen.efi), tagged (NBI), script, efi, com32 (a Syslinux module), nbp (a flat program that a BIOS loads), folder, netboot (.nbi) or disk")
	flags.StringArrayVar(&f.Modules, "module", nil, "`FILE[ TEXT]`: a module of a Multiboot kernel or of Xen, and what the kernel is told about it; may be repeated")
	f.other.add(flags)
	f.menu.add(flags)
	flags.StringVar(&f.DTB, "dtb", "", "a `file`, the device tree for boards with U-Boot, or a folder with those from which each takes its own; without it they take the one in their firmware")
	flags.StringVar(&f.Message, "message", "", "`text` to show on the screen of machines that iPXE boots")
	flags.StringVar(&f.Entry, "entry", "", "of an ISO image: the `entry` of its menu to boot, by its title or by its number in spur image show (default: the one that is preset there)")
	addRoot(flags, &f.Target)
	addFamilies(flags, &f.Target)
	flags.StringVar(&f.RootPath, "root-path", "", "a `text` to send as DHCP option 17, asked for or not")
}

// read is the target that the arguments and the flags name.
func (f *targetFlags) read(cmd *cobra.Command, args []string, c daemon.Config) (target.Target, error) {
	t := f.Target
	t.Families = target.FamiliesFile(t.Families, c.Data)
	if err := f.menu.target(cmd, args, &t, f.other); err != nil {
		return t, err
	}
	return t, c.CheckTarget(t)
}
