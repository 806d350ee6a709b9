package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/boot"
)

func machineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "machine",
		Short: "See what is kept of machines, and change it",
		Long: `See what is kept of machines, and change it.

With --data DIR Spur keeps of each machine what worked on it: the routes that
brought it to its system, those that failed and are passed over, and the shape
of offer that it took. With --once, spur boot and spur api leave a machine to
its disk after it has booted, and --data keeps that too. These commands work on
it, also while Spur runs, which sees it the next time that the machine asks.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
	}
	cmd.AddCommand(machineListCommand(), machineResetCommand(), machineNextCommand(), machineForgetCommand())
	return cmd
}

// machineData adds the flag that names the folder.
func machineData(cmd *cobra.Command, data *string) {
	cmd.Flags().StringVar(data, "data", "", "the folder that Spur was given with --data")
}

// machineArguments reads the machines that a command is about.
func machineArguments(cmd *cobra.Command, data string, args []string) ([]boot.MAC, error) {
	if data == "" {
		return nil, usage(cmd, fmt.Errorf("--data DIR is missing"))
	}
	var macs []boot.MAC
	for _, arg := range args {
		mac, err := boot.ParseMAC(arg)
		if err != nil {
			return nil, usage(cmd, err)
		}
		macs = append(macs, mac)
	}
	return macs, nil
}
