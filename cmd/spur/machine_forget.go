package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/machines"
)

func machineForgetCommand() *cobra.Command {
	var data string
	var all bool
	cmd := &cobra.Command{
		Use:   "forget [MAC…] --data DIR",
		Short: "Forget what worked on machines and what failed",
		Long: `Forget what worked on machines and what failed.

They are offered the first way again, as if they had never booted; for a machine
with new firmware or a new network card. The records of their boots that failed, in
DIR/failed, are removed; those in another folder, which --record named, are not. Whether
they have booted with --once is left as it is: that is for spur machine reset.`,
		Example: `  spur machine forget 52:54:00:12:34:56 --data /var/lib/spur
  spur machine forget --all --data /var/lib/spur`,
		RunE: func(cmd *cobra.Command, args []string) error {
			macs, err := machineArguments(cmd, data, args)
			if err != nil {
				return err
			}
			if all != (len(macs) == 0) {
				return usage(cmd, fmt.Errorf("name machines or --all, one of the two"))
			}
			done, err := machines.Forget(data, macs)
			tellMachines(cmd.OutOrStdout(), done, "forgotten, and begins anew when it asks again")
			if err == nil && len(done) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "nothing is kept of any machine in %s\n", data)
			}
			return err
		},
	}
	machineData(cmd, &data)
	cmd.Flags().BoolVar(&all, "all", false, "all machines")
	return cmd
}
