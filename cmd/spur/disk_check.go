package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/disk"
)

func diskCheckCommand() *cobra.Command {
	var image imageFlags
	var repair bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check whether a disk image is sound",
		Long: `Check whether a disk image is sound: whether each of its clusters is used once,
and counted so. No other program may be writing to the image.

With --repair, an image that wasn't closed, because the program that wrote to it
was killed or the power went, gets its reference counts anew, and what its
journal has (see "spur disk serve"); one whose journal isn't there goes on without
what only that has, so look for it first. Clusters that nothing uses are given back:
they are what a crash can leave behind, and cost nothing but space.

Exit codes are 0 for a sound image, 1 for one that isn't or can't be opened, 2 for
wrong usage.`,
		Example: `  spur disk check disk.qcow2
  spur disk check disk.qcow2 --repair`,
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := image.options(cmd)
			if err != nil {
				return err
			}
			return disk.Check(cmd.Context(), args[0], options.Format, repair, cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "put right what wasn't closed, give leaked clusters back")
	image.addFormat(cmd)
	return cmd
}
