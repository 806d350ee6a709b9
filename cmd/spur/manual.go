package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/advice"
)

// manual prints the help of commands. Cobra takes no error of who prints it, so
// it is kept here.
type manual struct{ err error }

// newManual has all commands print their help so.
func newManual(root *cobra.Command) *manual {
	m := &manual{}
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { m.err = printHelp(cmd) })
	return m
}

// printHelp refuses what isn't a command, of which --help is no more known than
// without it, and tells whether the help could be written.
func printHelp(cmd *cobra.Command) error {
	if _, most := arity(cmd.Use); most == 0 && cmd.HasSubCommands() {
		if err := subcommand(cmd, cmd.Flags().Args()); err != nil {
			return err
		}
	}
	about := ""
	if flag, ok := cmd.Flags().Lookup("help").Value.(*helpFlag); ok {
		about = flag.subject
	}
	return printManual(cmd, about)
}

// printManual prints the manual of a command on a subject, on all of them, or the first help.
func printManual(cmd *cobra.Command, about string) error {
	text := &helpText{width: widthOf(cmd.OutOrStdout())}
	known := subjects(cmd)
	i := slices.IndexFunc(known, func(s subject) bool { return s.name == about })
	switch {
	case about == "" && len(known) > 0:
		text.first(cmd)
	case about == "" || about == everything:
		text.all(cmd)
	case i >= 0:
		text.subject(cmd, known[i])
	default:
		return noSubject(cmd, about)
	}
	_, err := cmd.OutOrStdout().Write([]byte(text.String()))
	return err
}

// noSubject refuses a word that is no subject of a command's manual.
func noSubject(cmd *cobra.Command, word string) error {
	var names []string
	for _, s := range subjects(cmd) {
		names = append(names, s.name)
	}
	names = append(names, everything)
	err := fmt.Errorf("%s has no help on %q", cmd.CommandPath(), word)
	return usageError{advice.Wrap(err, didYouMean("", word, names)+"it is one of "+strings.Join(names, ", "))}
}
