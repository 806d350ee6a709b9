package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/machinetargets"
	"github.com/spurboot/spur/internal/target"
)

// machinesFlag names a file that says what each machine boots.
type machinesFlag struct{ path string }

func (f *machinesFlag) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "machines", "", "a `file` that says what each machine boots, by its MAC, UUID or serial number: docs/machines.md describes it; KERNEL is for those that it doesn't name")
}

// instead is what to do in the place of a flag that says something of a kind of target
// which no row can have.
func (f machinesFlag) instead(flag string) string {
	switch flag {
	case "watch":
		return "leave it out: " + f.path + " is read again when it has changed, without it"
	case "for", "cmdline-for":
		return "leave it out, and write a row with arch into " + f.path + ", with boot and cmdline of its own"
	case "menu", "item", "as-boot-server":
		return "leave --machines out, and every machine is shown the menu; or leave --" + flag + " out, and name one target for each row of " + f.path
	case "netboot-shadow":
		return "leave it out: a row's target is no NetBoot image that it could be for"
	}
	return ""
}

// ofTarget are the flags that say something of KERNEL.
var ofTarget = []string{"cmdline", "as", "module", "dtb", "message", "entry", "root-path", "root"}

// file is the file that the flags name, and what the arguments name for other machines.
func (f machinesFlag) file(cmd *cobra.Command, args []string, named *targetFlags, c daemon.Config) (machinetargets.File, error) {
	file := machinetargets.File{Path: f.path, Families: target.FamiliesFile(named.Families, c.Data)}
	var refused error
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		instead := f.instead(flag.Name)
		switch {
		case instead != "":
			refused = usage(cmd, advice.New(fmt.Sprintf("--%s doesn't go with --machines", flag.Name), instead))
		case len(args) == 0 && slices.Contains(ofTarget, flag.Name):
			refused = usage(cmd, fmt.Errorf("--%s says something of KERNEL, and there is none: write it into the row of %s", flag.Name, f.path))
		}
	})
	if refused != nil || len(args) == 0 {
		return file, refused
	}
	t, err := named.read(cmd, args, c)
	file.Otherwise = &t
	return file, err
}

// machineFlags say who asks, as far as a file of machines goes by that.
type machineFlags struct{ mac, uuid, serial string }

func (f *machineFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.mac, "mac", "", "with --machines: the machine's `MAC`, which is needed where a row about MACs could be about it; without one, --uuid and --serial it is told in brief what each row boots, the first 100")
	flags.StringVar(&f.uuid, "uuid", "", "with --machines: its `UUID`, as its firmware sends it")
	flags.StringVar(&f.serial, "serial", "", "with --machines: its serial `number`; without one it hasn't told it yet")
}

// on is a client with what the flags say of it.
func (f machineFlags) on(cmd *cobra.Command, c boot.Client) (boot.Client, error) {
	var err error
	if f.mac != "" {
		if c.MAC, err = boot.ParseMAC(f.mac); err != nil {
			return c, usage(cmd, fmt.Errorf("--mac: %w", err))
		}
	}
	if f.uuid != "" {
		if c.UUID, err = boot.ParseUUID(f.uuid); err != nil {
			return c, usage(cmd, fmt.Errorf("--uuid: %w", err))
		}
	}
	if c.Serial = boot.ParseSerial(f.serial); c.Serial == "" && f.serial != "" {
		return c, usage(cmd, errors.New("--serial: no machine has such a serial number"))
	}
	return c, nil
}
