package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/advice"
)

// usageError is an error in how the command was called.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// usage marks an error as one of the call. Where it says nothing of what to do,
// it is given the flag that was most likely meant, and where the manual is.
func usage(cmd *cobra.Command, err error) error {
	if advice.Of(err) != "" {
		return usageError{err}
	}
	manual := fmt.Sprintf("see %s --help", cmd.CommandPath())
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		manual = cmp.Or(withOneDash(unknown, names), ofOthers(cmd, unknown.GetSpecifiedName()), didYouMean("--", unknown.GetSpecifiedName(), names)) + manual
	}
	return usageError{advice.Wrap(plainly(err), manual)}
}

// ofOthers says which other commands have a flag, and what stands for it in this one.
func ofOthers(cmd *cobra.Command, name string) string {
	if name == "arch" && cmd.Flags().Lookup("for") != nil {
		return "machines say of which architecture they are; --for arm64=KERNEL names what those of another one boot; "
	}
	var others []string
	everyCommand(cmd.Root(), func(other *cobra.Command) {
		if name != "" && other.Flags().Lookup(name) != nil {
			others = append(others, other.CommandPath())
		}
	})
	if len(others) == 0 || len(others) > 3 {
		return ""
	}
	return fmt.Sprintf("--%s is a flag of %s; ", name, strings.Join(others, " and "))
}

// withOneDash suggests the long flag that was written with one dash, as -help is: package
// pflag takes its letters for flags, and names those from the first unknown one on.
func withOneDash(unknown *pflag.NotExistError, names []string) string {
	rest := unknown.GetSpecifiedShortnames()
	i := slices.IndexFunc(names, func(name string) bool { return len(rest) > 2 && strings.HasSuffix(name, rest) })
	if i < 0 {
		return ""
	}
	return "did you mean --" + names[i] + "? "
}

// subcommand refuses the argument of a command that only has subcommands.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	err := fmt.Errorf("unknown command %q", strings.TrimPrefix(cmd.CommandPath()+" ", "spur ")+args[0])
	return usageError{advice.Wrap(err, didYouMean(cmd.CommandPath()+" ", args[0], names)+fmt.Sprintf("see %s --help", cmd.CommandPath()))}
}

// didYouMean suggests what is spelled like the word that was typed. Cobra
// knows how to compare words, for the names of commands only.
func didYouMean(before, typed string, known []string) string {
	list := &cobra.Command{SuggestionsMinimumDistance: min(2, max(1, len(typed)/2))} // of three letters, one is half of the word
	for _, name := range known {
		list.AddCommand(&cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}})
	}
	close := list.SuggestionsFor(typed)
	if len(close) == 0 || len(close) > 3 {
		return ""
	}
	for i, name := range close {
		close[i] = before + name
	}
	return fmt.Sprintf("did you mean %s? ", strings.Join(close, " or "))
}

// mayBeEmpty are the flags whose empty value says something: no text.
var mayBeEmpty = []string{"cmdline", "message", "root-path"}

// mayBeZero are the ports whose 0 says something: not to serve.
var mayBeZero = []string{"http-port", "https-port"}

// filledIn refuses flags with an empty value. It is a variable of a script that
// was never set, most likely, and would be taken for no flag at all: --only ""
// would boot every machine. And it refuses port 0, which no offer can name.
func filledIn(cmd *cobra.Command, _ []string) error {
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if (f.Value.String() == "" || f.Value.String() == "[]") && !slices.Contains(mayBeEmpty, f.Name) {
			err = usage(cmd, emptyValue(f))
		}
		if name, isFlag := strings.CutPrefix(f.Value.String(), "--"); isFlag && cmd.Flags().Lookup(name) != nil {
			err = usage(cmd, fmt.Errorf("--%s has no value: what follows it is the flag --%s", f.Name, name))
		}
		if isPort(f) && f.Value.String() == "0" && !slices.Contains(mayBeZero, f.Name) {
			err = usage(cmd, fmt.Errorf("--%s wants %s, not 0", f.Name, wants(f)))
		}
	})
	return err
}
