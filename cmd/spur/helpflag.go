package main

import (
	"slices"
	"strconv"

	"github.com/spf13/cobra"
)

// everything is the word for all of a command's manual.
const everything = "all"

// helpFlag is --help, which a subject may follow. It is a flag without a value for
// Cobra, which prints the help by it.
type helpFlag struct {
	given   bool
	subject string
}

func (h *helpFlag) Type() string { return "bool" }

func (h *helpFlag) String() string { return strconv.FormatBool(h.given) }

func (h *helpFlag) Set(text string) error {
	if given, err := strconv.ParseBool(text); err == nil {
		h.given, h.subject = given, ""
		return nil
	}
	h.given, h.subject = true, text
	return nil
}

// addHelp gives a command its --help.
func addHelp(cmd *cobra.Command) {
	about := "print this"
	if len(subjects(cmd)) > 0 {
		about = "print this, or what there is on a `SUBJECT`"
	}
	cmd.Flags().VarPF(&helpFlag{}, "help", "h", about).NoOptDefVal = "true"
}

// helpWithSubject writes the subject that follows --help into one argument with it, as
// package pflag takes none for the value of a flag that may have none.
func helpWithSubject(root *cobra.Command, args []string) []string {
	i := slices.IndexFunc(args, func(arg string) bool { return arg == "--help" || arg == "-h" || arg == "--" })
	if i < 0 || i+1 == len(args) || args[i] == "--" {
		return args
	}
	cmd, _, err := root.Find(args[:i])
	word := args[i+1]
	if err != nil || word == "" || word[0] == '-' || isSubcommand(cmd, word) || word != everything && len(subjects(cmd)) == 0 {
		return args
	}
	return slices.Concat(args[:i], []string{"--help=" + word}, args[i+2:])
}

func isSubcommand(cmd *cobra.Command, word string) bool {
	return slices.ContainsFunc(cmd.Commands(), func(sub *cobra.Command) bool { return sub.Name() == word })
}
