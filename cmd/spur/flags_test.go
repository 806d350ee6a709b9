package main

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestEmptyValues gives each flag of each command an empty value, as a script
// does with a variable that was never set. It must be refused, unless no text is
// what it says.
func TestEmptyValues(t *testing.T) {
	everyCommand(rootCommand(), func(found *cobra.Command) {
		if found.HasSubCommands() || found.Parent().Hidden {
			return
		}
		found.Flags().VisitAll(func(f *pflag.Flag) {
			if slices.Contains(mayBeEmpty, f.Name) || f.Value.Type() == "bool" {
				return
			}
			root := rootCommand()
			cmd, _, err := root.Find(pathOf(found))
			if err != nil {
				t.Fatal(err)
			}
			cmd.Args, cmd.RunE = nil, func(*cobra.Command, []string) error { return nil }
			root.SetArgs(append(pathOf(found), "--"+f.Name+"="))
			root.SetOut(io.Discard)
			if err := root.Execute(); !errors.As(err, &usageError{}) {
				t.Errorf("%s --%s= is taken: %v", found.CommandPath(), f.Name, err)
			}
		})
	})
}

// pathOf are the words by which a command is called, without the program's.
func pathOf(cmd *cobra.Command) []string {
	if !cmd.HasParent() {
		return nil
	}
	return append(pathOf(cmd.Parent()), cmd.Name())
}
