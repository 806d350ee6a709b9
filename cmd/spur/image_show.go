package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/target"
)

func imageShowCommand() *cobra.Command {
	var named target.Target
	var config daemon.Config
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ISO",
		Short: "Say what is in an ISO image, and how it boots",
		Long: `Say what is in an ISO image, a path or a URL: the family of systems that
it is of and how that was found out, its volume, the boot menus on it, their entries with
kernel, initrds and the arguments with which they boot over the network, how the system
finds its root, how much memory a machine should have, and what each kind of machine is
given first, with the loaders of this host. An image that doesn't boot is described as
well, with the reason.

Exit codes are 0 where it was read, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur image show debian.iso
  spur image show debian.iso --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			named.Kernel = args[0]
			named.Families = target.FamiliesFile(named.Families, config.Data)
			config.Out = cmd.ErrOrStderr()
			if err := config.CheckTarget(named); err != nil {
				return err
			}
			found, err := daemon.ShowDisc(cmd.Context(), config, named)
			if err != nil {
				return err
			}
			if asJSON {
				return found.WriteJSON(cmd.OutOrStdout())
			}
			return found.WriteText(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	addRoot(flags, &named)
	addFamilies(flags, &named)
	flags.StringVar(&config.Data, "data", "", "the `folder` that Spur is given with --data: its loaders count, and its families.yaml")
	flags.StringSliceVar(&config.Loaders, "loaders", nil, "`folders` with bootloaders, preferred over those of the distribution")
	flags.BoolVar(&asJSON, "json", false, "one JSON object; sizes are in bytes")
	return cmd
}
