package main

import (
	"bytes"

	"github.com/spf13/cobra"
)

// manual prints the help of commands. Cobra takes no error of who prints it, so
// it is kept here.
type manual struct{ err error }

// newManual has all commands print their help so.
func newManual(root *cobra.Command) *manual {
	m := &manual{}
	render := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) { m.err = printHelp(cmd, args, render) })
	return m
}

// printHelp refuses what isn't a command, of which --help is no more known than
// without it, and tells whether the help could be written.
func printHelp(cmd *cobra.Command, args []string, render func(*cobra.Command, []string)) error {
	if cmd.HasSubCommands() {
		if err := subcommand(cmd, cmd.Flags().Args()); err != nil {
			return err
		}
	}
	out := cmd.OutOrStdout()
	var text bytes.Buffer
	cmd.SetOut(&text)
	render(cmd, args)
	_, err := out.Write(text.Bytes())
	return err
}
