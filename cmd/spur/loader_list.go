package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/host"
	"github.com/spurboot/spur/internal/printable"
)

func loaderListCommand() *cobra.Command {
	var flags loaderFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the bootloaders of this host",
		Long: `List the bootloaders of this host: those of its packages, those that were
imported, those in folders of --loaders, and those in Spur itself. Of those of the same
use the first is handed out; the others are tried where it fails. Of shims and what they
start it says which a chain takes, and why not the others.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur loader list
  spur loader list --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(flags.data); flags.data != "" && errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintln(cmd.ErrOrStderr(), printable.Line("there is no folder "+flags.data+": these are the loaders of all of this host"))
			}
			list, err := host.ListLoaders(flags.data, flags.loaders)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), list)
			}
			if len(list) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "this host has no bootloader that Spur knows; "+host.LoaderPackages())
			}
			for _, l := range list {
				listLoader(cmd.OutOrStdout(), l)
			}
			return nil
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line; what is in Spur itself has no path, and is embedded")
	return cmd
}

// loaderFlags say where loaders are looked for.
type loaderFlags struct {
	data    string
	loaders []string
}

func (f *loaderFlags) add(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&f.data, "data", "", "the `folder` that Spur is given with --data (default: what was imported for all of this host)")
	cmd.Flags().StringSliceVar(&f.loaders, "loaders", nil, "`folders` with bootloaders, which go before all others")
}

// listLoader writes a loader: what it is handed out as, where it lies, what it can.
func listLoader(out io.Writer, l host.Loader) {
	if l.First {
		fmt.Fprintln(out, printable.Line(fmt.Sprintf("%s (%s)", l.Use, l.Why)))
	}
	fmt.Fprintln(out, printable.Line(fmt.Sprintf("  %s %s  %s", l.Kind, orUnknown(l.Version), l.Place())))
	for _, line := range []string{l.Chain, from(l.From), strings.Join(l.Can, ", "), l.SignedBy()} {
		if line != "" {
			fmt.Fprintln(out, printable.Line("      "+line))
		}
	}
}

func from(source string) string {
	if source == "" {
		return ""
	}
	return "imported from " + source
}

func orUnknown(version string) string {
	if version == "" {
		return "of an unknown version"
	}
	return version
}

// writeJSON writes objects, one a line.
func writeJSON[T any](out io.Writer, list []T) error {
	e := json.NewEncoder(out)
	for _, value := range list {
		if err := e.Encode(value); err != nil {
			return err
		}
	}
	return nil
}
