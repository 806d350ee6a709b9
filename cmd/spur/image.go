package main

import "github.com/spf13/cobra"

func imageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Say what is in ISO images, and how they boot",
		Long: `Say what is in ISO images, and how they boot.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
	}
	cmd.AddCommand(imageShowCommand(), imageFamiliesCommand())
	return cmd
}
