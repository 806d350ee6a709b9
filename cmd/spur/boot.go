package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
)

func bootCommand() *cobra.Command {
	var serving servingFlags
	var named targetFlags
	var machines machinesFlag
	cmd := &cobra.Command{
		Use:   "boot KERNEL [INITRD…]",
		Short: "Boot every machine that asks into one target",
		Long: `Boot every machine that asks into KERNEL, with its INITRDs merged in order.

KERNEL is whatever boots: a Linux kernel, an ISO image, a disk, an EFI application,
an iPXE script, a folder as installers have it, and more; a file or a URL. Spur
looks into it and says what it found.

The DHCP server of the network gives the addresses, as before; Spur adds what to
boot. Each machine's boot is told on the terminal, one line a step, and where one
does not go on, the likely cause and what to do.

Exit codes are 0 after an interrupt, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur boot debian.iso
  spur boot vmlinuz initrd.img --cmdline "console=ttyS0 quiet"
  spur boot /srv/isos --menu
  spur boot --machines machines.yaml
  spur boot vmlinuz initrd --interface eth1 --dhcp server --pool 10.9.0.50-10.9.0.99`,
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := serving.config(cmd)
			if err != nil {
				return err
			}
			if machines.path != "" {
				file, err := machines.file(cmd, args, &named, config)
				if err != nil {
					return err
				}
				return serving.serve(cmd, config, func(c daemon.Config) error { return daemon.BootMachines(cmd.Context(), c, file) })
			}
			target, err := named.read(cmd, args, config)
			if err != nil {
				return err
			}
			return serving.serve(cmd, config, func(c daemon.Config) error { return daemon.Boot(cmd.Context(), c, target) })
		},
	}
	serving.add(cmd)
	machines.add(cmd.Flags())
	named.add(cmd.Flags())
	cmd.Flags().BoolVar(&named.Watch, "watch", false, "look into the target again whenever a file of it has changed: the next boot gets what is there then")
	cmd.Flags().StringVar(&named.Shadow, "netboot-shadow", "", "where Macs without a disk of their own may write: afp://USER:PASSWORD@ADDRESS/VOLUME")
	cmd.AddCommand(enrollKeysCommand())
	return cmd
}
