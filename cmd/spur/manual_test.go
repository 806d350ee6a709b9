package main

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helped are all commands, with the help that they print on a subject.
func helped(t *testing.T, do func(cmd *cobra.Command, help func(about string) string)) {
	t.Helper()
	everyCommand(rootCommand(), func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.HasParent() && cmd.Parent().Hidden {
			return
		}
		do(cmd, func(about string) string {
			var out strings.Builder
			cmd.SetOut(&out)
			defer cmd.SetOut(nil)
			if err := printManual(cmd, about); err != nil {
				t.Errorf("%s --help %s: %v", cmd.CommandPath(), about, err)
			}
			return out.String()
		})
	})
}

// TestFirstHelpIsShort: what a new user asks for fits about two screens.
func TestFirstHelpIsShort(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	helped(t, func(cmd *cobra.Command, help func(string) string) {
		if n := strings.Count(help(""), "\n"); n > 60 {
			t.Errorf("%s --help has %d lines", cmd.CommandPath(), n)
		}
	})
}

// TestAllHelpHasEverything: each flag and each subject is in the whole manual, and each flag
// of a command with subjects is in the first help or that of a subject.
func TestAllHelpHasEverything(t *testing.T) {
	helped(t, func(cmd *cobra.Command, help func(string) string) {
		all, parts := help(everything), help("")
		for _, s := range subjects(cmd) {
			one := help(s.name)
			parts += one
			if !strings.Contains(all, one) {
				t.Errorf("%s --help all lacks %s", cmd.CommandPath(), s.name)
			}
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			for _, text := range []string{all, parts} {
				if !f.Hidden && !strings.Contains(text, " --"+f.Name) {
					t.Errorf("%s --help lacks --%s", cmd.CommandPath(), f.Name)
				}
			}
		})
	})
}

// TestSubjectsAreUsed finds files and flags of subjects that no command shows.
func TestSubjectsAreUsed(t *testing.T) {
	unused := map[string]bool{}
	err := fs.WalkDir(texts, "manual", func(name string, d fs.DirEntry, err error) error {
		unused[name] = err == nil && !d.IsDir()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	helped(t, func(cmd *cobra.Command, _ func(string) string) {
		for _, s := range subjects(cmd) {
			unused[s.file(cmd)] = false
		}
		if len(subjects(cmd)) == 0 {
			return
		}
		for _, name := range often(cmd) {
			if cmd.Flags().Lookup(name) == nil {
				t.Errorf("%s has no flag --%s, which is used often", cmd.CommandPath(), name)
			}
		}
	})
	for name, is := range unused {
		if is {
			t.Errorf("%s is shown by no command", name)
		}
	}
}

// TestHelpFitsTheTerminal: only what is indented, as examples, may be wider, and paragraphs
// keep their words.
func TestHelpFitsTheTerminal(t *testing.T) {
	t.Setenv("COLUMNS", "60")
	helped(t, func(cmd *cobra.Command, help func(string) string) {
		for line := range strings.SplitSeq(help(everything), "\n") {
			if !strings.HasPrefix(line, " ") && utf8.RuneCountInString(line) > 60 {
				t.Errorf("%s --help: %q is too wide", cmd.CommandPath(), line)
			}
		}
		for _, word := range strings.Fields(cmd.Long) {
			if !slices.Contains(strings.Fields(help("")), word) {
				t.Errorf("%s --help lacks %q", cmd.CommandPath(), word)
			}
		}
	})
}
