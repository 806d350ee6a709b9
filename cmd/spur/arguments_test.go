package main

import (
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/advice"
)

// foreignWords are those of the packages that read the command line.
var foreignWords = regexp.MustCompile(`strconv|parsing|parse error|invalid|syntax|argument|arg\(s\)|received|time: |flag needs`)

// TestWrongValues gives each flag of each command a value that it can't take. It
// must be refused in words for people, with what to do.
func TestWrongValues(t *testing.T) {
	tried := 0
	everyCommand(rootCommand(), func(found *cobra.Command) {
		if found.HasSubCommands() || found.Parent().Hidden {
			return
		}
		found.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "string" || f.Value.Type() == "stringArray" || f.Name == "menu" || f.Name == "help" {
				return // any text; what it says is checked with what goes with it
			}
			err := called(t, found, "--"+f.Name+`=a"b`)
			if tried++; err == nil || foreignWords.MatchString(err.Error()) || advice.Of(err) == "" {
				t.Errorf(`%s --%s=a"b: %v (%s)`, found.CommandPath(), f.Name, err, advice.Of(err))
			}
			if isPort(f) && !slices.Contains(mayBeZero, f.Name) && called(t, found, "--"+f.Name+"=0") == nil {
				t.Errorf("%s --%s=0 is taken", found.CommandPath(), f.Name)
			}
		})
	})
	if tried < 20 {
		t.Errorf("only %d flags were tried", tried)
	}
}

// TestNumberOfArguments gives each command fewer and more arguments than it
// takes.
func TestNumberOfArguments(t *testing.T) {
	everyCommand(rootCommand(), func(found *cobra.Command) {
		if found.HasSubCommands() {
			return
		}
		needed, most := arity(found.Use)
		wrong := [][]string{}
		if len(needed) > 0 {
			wrong = append(wrong, needed[1:])
		}
		if most >= 0 {
			wrong = append(wrong, strings.Split(strings.Repeat("x", most+1), ""))
		}
		for _, args := range wrong {
			err := called(t, found, args...)
			if !errors.As(err, &usageError{}) || foreignWords.MatchString(err.Error()) || advice.Of(err) == "" {
				t.Errorf("%s %q: %v (%s)", found.CommandPath(), args, err, advice.Of(err))
			}
		}
	})
}

// called calls a command of a fresh program, which does nothing.
func called(t *testing.T, found *cobra.Command, args ...string) error {
	t.Helper()
	root := rootCommand()
	cmd, _, err := root.Find(pathOf(found))
	if err != nil {
		t.Fatal(err)
	}
	cmd.RunE = func(*cobra.Command, []string) error { return nil }
	if len(args) > 0 && strings.HasPrefix(args[0], "--") {
		cmd.Args = nil
	}
	root.SetArgs(append(pathOf(found), args...))
	root.SetOut(io.Discard)
	return root.Execute()
}

// TestRemedies holds every error to a second line, and to the one that its maker
// gave it before all others.
func TestRemedies(t *testing.T) {
	full := &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for _, c := range []struct {
		err  error
		want string
	}{
		{advice.Wrap(full, "do this"), "do this"},
		{full, "make room on that disk"},
		{syscall.EMFILE, "ulimit"},
		{syscall.EPERM, "run as root"},
		{errors.New("of no kind that is known"), "tell the project"},
		{usage(rootCommand(), errors.New("wrong")), "see spur --help"},
	} {
		if got := remedy(c.err); !strings.Contains(got, c.want) {
			t.Errorf("%v: what to do is %q, want %q", c.err, got, c.want)
		}
	}
}
