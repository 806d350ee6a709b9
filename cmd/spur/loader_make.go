package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/host"
)

func loaderMakeCommand() *cobra.Command {
	var data, modules string
	cmd := &cobra.Command{
		Use:   "make grub",
		Short: "Make a GRUB that boots over the network",
		Long: `Make a GRUB that boots over the network, of the modules on this host and by its
grub-mkimage, for all of BIOS and UEFI x64, x86 and arm64 of which the modules are
there (Debian's packages grub-pc-bin, grub-efi-amd64-bin, grub-efi-ia32-bin and
grub-efi-arm64-bin, and grub-common). They are kept like those that spur loader import
takes, and spur boot hands them out: to machines on which no iPXE runs, or to all with
--loader grub.

All that a boot needs is built in. One for a BIOS fetches its configuration from Spur
beside another DHCP server too, and iPXE in a machine's ROM starts it; one for UEFI does
so if GRUB is of 2.12 or later. For Secure Boot a GRUB must be signed by whom the shim
trusts, or by keys of yours.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur loader make grub
  spur loader make grub --data /var/lib/spur`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "grub" {
				return usage(cmd, fmt.Errorf("%s is nothing that Spur makes; it makes grub", args[0]))
			}
			report, err := host.MakeGRUB(cmd.Context(), data, modules)
			tellImport(cmd.OutOrStdout(), report)
			return err
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&data, "data", "", "the `folder` that Spur is given with --data (default: for all Spurs of this host)")
	cmd.Flags().StringVar(&modules, "modules", host.GRUBModules, "the `folder` of the folders of modules, such as i386-pc")
	return cmd
}
