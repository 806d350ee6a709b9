package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/machines"
)

func machineResetCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "reset MAC… --data DIR",
		Short: "Let machines that have booted with --once boot once more",
		Example: `  spur machine reset 52:54:00:12:34:56 --data /var/lib/spur
  spur machine reset 52:54:00:12:34:56 52:54:00:12:34:57 --data /var/lib/spur`,
		RunE: func(cmd *cobra.Command, args []string) error {
			macs, err := machineArguments(cmd, data, args)
			if err != nil {
				return err
			}
			done, err := machines.Rearm(data, macs)
			tellMachines(cmd.OutOrStdout(), done, "boots with --once again")
			return err
		},
	}
	machineData(cmd, &data)
	return cmd
}
