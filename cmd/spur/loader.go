package main

import "github.com/spf13/cobra"

func loaderCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "loader",
		Short: "See to what runs between a machine's firmware and what it boots",
		Long: `See to what runs between a machine's firmware and what it boots.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
	}
	cmd.AddCommand(loaderListCommand(), loaderShowCommand(), loaderImportCommand(), loaderMakeCommand(), loaderCACommand(), loaderKeysCommand())
	return cmd
}
