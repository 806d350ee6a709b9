package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/target"
)

func imageFamiliesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "families",
		Short: "Print the families of images that Spur knows",
		Long: `Print the families of images that Spur knows, as a file in YAML whose first lines say
what each field means. A file of the same form adds to it: --families FILE, or
families.yaml in the folder of --data. Its families are tried first, and one of the same
name takes the place of Spur's.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur image families`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(target.FamiliesText())
			return err
		},
	}
}

// addRoot adds the flag for how a system finds its root.
func addRoot(flags *pflag.FlagSet, t *target.Target) {
	flags.StringVar(&t.Root, "root", "", "of an ISO image: the `way` its system finds its root: http, iso, initrd, nfs, nbd or iscsi, as far as its family knows it (default: the first that fits, in spur image show)")
}

// addFamilies adds the flag for a file of families.
func addFamilies(flags *pflag.FlagSet, t *target.Target) {
	flags.StringVar(&t.Families, "families", "", "a `file` of families of ISO images, before those that Spur knows (default: families.yaml in the folder of --data, if there is one); spur image families prints Spur's own")
}
