package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/host"
	"github.com/spurboot/spur/internal/printable"
)

func loaderShowCommand() *cobra.Command {
	var flags loaderFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show FILE…",
		Short: "Say what EFI applications and network boot programs are",
		Long: `Say what EFI applications and network boot programs are, by their content: kind,
architecture, version, signatures, SBAT data, what they can do, and what a machine
with Secure Boot and the shims of this host make of them. Where there is no file of a
name, it is looked for among the loaders of this host (spur loader list).

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur loader show snponly.efi
  spur loader show /usr/lib/ipxe/snponly.efi
  spur loader show --json vmlinuz`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var list []host.Description
			var errs []error
			for _, path := range args {
				described, err := host.ShowLoaders(path, flags.data, flags.loaders)
				list, errs = append(list, described...), append(errs, err)
			}
			if asJSON {
				return errors.Join(append(errs, writeJSON(cmd.OutOrStdout(), list))...)
			}
			for _, d := range list {
				showLoader(cmd.OutOrStdout(), d)
			}
			return errors.Join(errs...)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// showLoader describes a file, a line for each thing that there is to say.
func showLoader(out io.Writer, d host.Description) {
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintln(out, printable.Line(fmt.Sprintf("  %-12s %s", name, text)))
		}
	}
	fmt.Fprintln(out, printable.Line(d.Place()))
	line("is", d.Title())
	line("drivers", string(d.Drivers))
	line("can", strings.Join(d.Can, ", "))
	line("looks in", d.Prefix)
	for _, s := range d.Signatures {
		line("signed by", s.String())
	}
	line("SBAT", strings.Join(d.SBAT, " "))
	line("vouches for", strings.Join(d.Vouches, ", "))
	if d.Level != nil {
		line("demands", strings.Join(d.Level.Previous, " "))
	}
	line("Secure Boot", d.SecureBoot())
	for _, s := range d.Shims {
		line("shim "+s.Version, s.String())
	}
	for _, f := range d.Faults {
		line("damaged", f)
	}
}
