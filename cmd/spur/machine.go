package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
)

func machineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "machine",
		Short: "See which machines have booted once, and let them boot again",
		Long: `See which machines have booted once, and let them boot again.

With --once, spur boot and spur api leave a machine to its disk after it has
booted. With --data DIR they keep that over a restart, and these commands work
on it, also while Spur runs.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
	}
	cmd.AddCommand(machineListCommand(), machineResetCommand())
	return cmd
}

func machineListCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:     "list --data DIR",
		Short:   "List the machines that have booted with --once",
		Example: `  spur machine list --data /var/lib/spur`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return usage(cmd, fmt.Errorf("--data DIR is missing"))
			}
			booted, err := daemon.BootedOnce(data)
			if err != nil {
				return err
			}
			if len(booted) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "no machine has booted with --once over %s\n", data)
			}
			for _, b := range booted {
				fmt.Fprintf(cmd.OutOrStdout(), "%s  booted %s\n", b.MAC, b.Time.Format(time.DateTime))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the folder that Spur was given with --data")
	return cmd
}

func machineResetCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "reset MAC… --data DIR",
		Short: "Let machines that have booted with --once boot once more",
		Example: `  spur machine reset 52:54:00:12:34:56 --data /var/lib/spur
  spur machine reset 52:54:00:12:34:56 52:54:00:12:34:57 --data /var/lib/spur`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if data == "" {
				return usage(cmd, fmt.Errorf("--data DIR is missing"))
			}
			var macs []boot.MAC
			for _, arg := range args {
				mac, err := boot.ParseMAC(arg)
				if err != nil {
					return usage(cmd, err)
				}
				macs = append(macs, mac)
			}
			return daemon.Rearm(data, macs)
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the folder that Spur was given with --data")
	return cmd
}
