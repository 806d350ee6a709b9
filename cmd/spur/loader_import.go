package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/host"
	"github.com/spurboot/spur/internal/loaderstore"
	"github.com/spurboot/spur/internal/printable"
)

func loaderImportCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "import FILE|FOLDER|ARCHIVE|URL",
		Short: "Keep bootloaders for Spur to hand out",
		Long: `Keep the bootloaders that are in a file, a folder, an archive (.deb, .rpm, .tar,
.zip, .iso, compressed or not) or at a URL; of a folder those in its .deb and .rpm
files too. What each is, its content says. Files that might have been meant and were
not taken are named with the reason, all others counted. Loaders are
kept in the folder loaders of --data, without it in /var/lib/spur/loaders, each once;
spur boot and spur api hand them out beside those of the host's packages.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur loader import ipxe.deb
  spur loader import --data /var/lib/spur https://boot.example/snponly.efi`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := host.ImportLoaders(cmd.Context(), data, args[0])
			tellImport(cmd.OutOrStdout(), report)
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the `folder` that Spur is given with --data (default: for all Spurs of this host)")
	return cmd
}

// tellImport says what was taken and what was left.
func tellImport(out io.Writer, r loaderstore.Report) {
	for _, t := range r.Taken {
		what := "imported"
		if !t.New {
			what = "known"
		}
		fmt.Fprintln(out, printable.Line(fmt.Sprintf("%-8s  %s, from %s", what, host.TitleOf(t.Binary), t.From)))
	}
	for _, l := range r.Left {
		fmt.Fprintln(out, printable.Line(fmt.Sprintf("%-8s  %s: %s", "left", l.Name, l.Why)))
	}
	if r.Others > 0 {
		fmt.Fprintf(out, "%-8s  %d other files\n", "left", r.Others)
	}
}
