package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// wanted checks the number of arguments by the line that says how the command
// is called, so that the two agree.
func wanted(cmd *cobra.Command, args []string) error {
	needed, most := arity(cmd.Use)
	switch {
	case len(args) < len(needed) && !cmd.Flags().Changed("machines"): // which names what boots
		return usage(cmd, fmt.Errorf("%s is missing", needed[len(args)]))
	case most >= 0 && len(args) > most:
		return usage(cmd, fmt.Errorf("%q is too much for %s", args[most], cmd.CommandPath()))
	}
	// It is a variable of a script that was never set, most likely.
	if i := slices.Index(args, ""); i >= 0 && i < len(needed) {
		return usage(cmd, fmt.Errorf("%s is empty", needed[i]))
	} else if i >= 0 {
		return usage(cmd, fmt.Errorf("argument %d is empty", i+1))
	}
	return nil
}

// arity reads a line such as "create FILE [SIZE]": the arguments that are needed,
// and how many there may be; -1 for any number. In braces is what some flag can stand
// for, which the command checks itself.
func arity(use string) (needed []string, most int) {
	more := false
	for _, word := range strings.Fields(use)[1:] {
		if word == "|" || strings.HasPrefix(strings.TrimLeft(word, "["), "--") {
			break
		}
		most++
		more = more || strings.Contains(word, "…")
		if !strings.HasPrefix(word, "[") && !strings.HasPrefix(word, "{") {
			needed = append(needed, strings.TrimRight(word, "…"))
		}
	}
	if more {
		most = -1
	}
	return needed, most
}

// plainly says of a flag's value what is wrong with it, and not which function
// could not read it.
func plainly(err error) error {
	var value *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &value) && value.GetValue() == "":
		return emptyValue(value.GetFlag())
	case errors.As(err, &value):
		return fmt.Errorf("--%s wants %s, not %s", value.GetFlag().Name, wants(value.GetFlag()), value.GetValue())
	case errors.As(err, &missing):
		return fmt.Errorf("--%s wants a value", missing.GetFlag().Name)
	}
	return err
}

func emptyValue(f *pflag.Flag) error { return fmt.Errorf("--%s has an empty value", f.Name) }

// wants says what the values of a flag are.
func wants(f *pflag.Flag) string {
	switch kind := f.Value.Type(); {
	case isPort(f) && slices.Contains(mayBeZero, f.Name):
		return "a port number from 0 to 65535"
	case isPort(f):
		return "a port number from 1 to 65535"
	case kind == "bool":
		return "true or false"
	case kind == "uint8":
		return "a number from 0 to 255"
	case kind == "uint16":
		return "a number from 0 to 65535"
	case kind == "int", kind == "uint":
		return "a whole number"
	case kind == "duration":
		return "a time with its unit, such as 5s or 2m"
	case kind == "stringSlice":
		return "values with commas between them, and quotes around whole values only"
	}
	return "another value"
}

func isPort(f *pflag.Flag) bool {
	return strings.HasSuffix(f.Name, "-port") && f.Value.Type() == "uint16"
}
