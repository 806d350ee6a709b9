package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// helpText is a manual as it is put together, in lines that fit a terminal.
type helpText struct {
	strings.Builder
	width int
}

// first is the first help of a command with subjects: what is used most, and where the
// rest is.
func (t *helpText) first(cmd *cobra.Command) {
	t.call(cmd, cmd.Example)
	t.flags("Flags used most:", shownFirst(cmd))
	t.section(fmt.Sprintf("More, by %s --help SUBJECT:", cmd.CommandPath()))
	for _, s := range subjects(cmd) {
		fmt.Fprintf(t, "  %-10s %s\n", s.name, s.about)
	}
	fmt.Fprintf(t, "  %-10s %s\n", everything, "all of it, and every flag")
}

// all is the whole manual of a command.
func (t *helpText) all(cmd *cobra.Command) {
	known := subjects(cmd)
	t.call(cmd, cmd.Example)
	if len(known) == 0 {
		t.flags("Flags:", cmd.Flags())
	} else {
		t.flags("Flags used most:", shownFirst(cmd))
	}
	for _, s := range known {
		t.WriteByte('\n')
		t.paragraphs(strings.ToUpper(s.name) + ": " + s.about + "\n")
		t.subject(cmd, s)
	}
	if cmd.HasAvailableSubCommands() {
		t.section(fmt.Sprintf("%s COMMAND --help says more of a command.", cmd.CommandPath()))
	}
}

// subject is what a command has to say on one.
func (t *helpText) subject(cmd *cobra.Command, s subject) {
	text, examples := s.text(cmd)
	t.paragraphs(text)
	t.list("Examples:", examples)
	t.flags("Flags:", s.flagsOf(cmd))
}

// call is what a command does and how it is called.
func (t *helpText) call(cmd *cobra.Command, examples string) {
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	t.paragraphs(long)
	t.section("Usage:")
	if cmd.Runnable() {
		fmt.Fprintf(t, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(t, "  %s COMMAND\n", cmd.CommandPath())
	}
	t.list("Examples:", examples)
	if !cmd.HasAvailableSubCommands() {
		return
	}
	t.section("Commands:")
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			fmt.Fprintf(t, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
		}
	}
}

func (t *helpText) section(head string) { fmt.Fprintf(t, "\n%s\n", head) }

func (t *helpText) list(head, lines string) {
	if lines != "" {
		t.section(head)
		t.WriteString(lines + "\n")
	}
}

func (t *helpText) flags(head string, flags *pflag.FlagSet) {
	if flags.HasAvailableFlags() {
		t.list(head, strings.TrimRight(valuesApart(flags).FlagUsagesWrapped(t.width), "\n"))
	}
}

// paragraphs breaks text into lines anew, but for what is indented, which stays as it is.
func (t *helpText) paragraphs(text string) {
	column := 0
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == ' ' {
			if column > 0 {
				t.WriteByte('\n')
			}
			t.WriteString(line + "\n")
			column = 0
			continue
		}
		for word := range strings.FieldsSeq(line) {
			column = t.word(word, column)
		}
	}
	if column > 0 {
		t.WriteByte('\n')
	}
}

// word writes a word behind those that fill a line up to a column, or into the next one.
func (t *helpText) word(word string, column int) int {
	n := utf8.RuneCountInString(word)
	switch {
	case column == 0:
	case column+1+n > t.width:
		t.WriteByte('\n')
		column = 0
	default:
		t.WriteByte(' ')
		column++
	}
	t.WriteString(word)
	return column + n
}

// widthOf is how wide help may be: as the terminal that shows it or, elsewhere, as COLUMNS
// says, within what is read well.
func widthOf(out io.Writer) int {
	width := 80
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil {
		width = n
	}
	if f, ok := out.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			width = n
		}
	}
	return min(max(width, 40), 100)
}
