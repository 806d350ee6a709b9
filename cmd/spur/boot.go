package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
)

// bootFlags are the flags of spur boot.
type bootFlags struct {
	serving  servingFlags
	named    targetFlags
	machines machinesFlag
}

func bootCommand() *cobra.Command {
	var f bootFlags
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
		RunE: f.run,
	}
	f.add(cmd)
	cmd.AddCommand(enrollKeysCommand())
	return cmd
}

func (f *bootFlags) add(cmd *cobra.Command) {
	f.serving.add(cmd)
	f.machines.add(cmd.Flags())
	f.named.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.named.Watch, "watch", false, "look into the target again whenever a file of it has changed: the next boot gets what is there then")
	cmd.Flags().StringVar(&f.named.Shadow, "netboot-shadow", "", "a `URL`, where Macs without a disk of their own may write: afp://USER:PASSWORD@ADDRESS/VOLUME")
}

// run serves one target, or what a file says for each machine.
func (f *bootFlags) run(cmd *cobra.Command, args []string) error {
	config, err := f.serving.config(cmd)
	if err != nil {
		return err
	}
	if f.machines.path != "" {
		file, err := f.machines.file(cmd, args, &f.named, config)
		if err != nil {
			return err
		}
		return f.serving.serve(cmd, config, func(c daemon.Config) error { return daemon.BootMachines(cmd.Context(), c, file) })
	}
	target, err := f.named.read(cmd, args, config)
	if err != nil {
		return err
	}
	return f.serving.serve(cmd, config, func(c daemon.Config) error { return daemon.Boot(cmd.Context(), c, target) })
}
