package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/disk"
)

func diskInfoCommand() *cobra.Command {
	var image imageFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info FILE",
		Short: "Say what a disk image is",
		Long: `Say what a disk image is: its format, the size of its disk, the space that it
takes, the files that it lies over, and whether it was closed by the program that
wrote to it last. Other programs may be using it.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur disk info disk.qcow2
  spur disk info disk.qcow2 --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := image.options(cmd)
			if err != nil {
				return err
			}
			info, err := disk.Describe(cmd.Context(), args[0], options)
			if err != nil {
				return err
			}
			if asJSON {
				return info.WriteJSON(cmd.OutOrStdout())
			}
			return info.WriteText(cmd.OutOrStdout())
		},
	}
	image.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object; sizes are in bytes")
	return cmd
}
