package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/machines"
)

func machineNextCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "next MAC… --data DIR",
		Short: "Boot machines another way the next time",
		Long: `Boot machines another way the next time.

Some faults of a loader can't be seen from here: a keyboard that is dead in its
menu, a network card that the system can't use afterwards. The loader that a
machine was given last then counts as failed, and the machine gets the next one.`,
		Example: `  spur machine next 52:54:00:12:34:56 --data /var/lib/spur`,
		RunE: func(cmd *cobra.Command, args []string) error {
			macs, err := machineArguments(cmd, data, args)
			if err != nil {
				return err
			}
			done, err := machines.TakeAnother(data, macs)
			tellMachines(cmd.OutOrStdout(), done, "gets another way when it asks again")
			return err
		},
	}
	machineData(cmd, &data)
	return cmd
}
