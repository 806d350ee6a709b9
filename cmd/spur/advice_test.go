package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestAdvice holds every text of the source to what the command line has: a
// flag or a command that a person is told to use must be there. Packages that
// read or write other programs' command lines are left out.
func TestAdvice(t *testing.T) {
	flags, commands := known(rootCommand())
	foreign := []string{"../../internal/bootconfig", "../../internal/family/familytest", "../../internal/lab", "../../internal/loader"}
	checked := 0
	for _, root := range []string{"../../internal", "."} {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && slices.Contains(foreign, path):
				return fs.SkipDir
			case e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			texts, err := literals(path)
			for _, text := range texts {
				checked += checkAdvice(t, path, text, flags, commands)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if checked < 50 {
		t.Errorf("only %d mentions were found: does the test still look in the right places?", checked)
	}
}

// known lists the flags of all commands, and the commands with their parents'
// names before them.
func known(root *cobra.Command) (flags, commands map[string]bool) {
	flags, commands = map[string]bool{"help": true}, map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		commands[c.CommandPath()] = true
		for _, set := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return flags, commands
}

var (
	aFlag    = regexp.MustCompile(`(?:^|[\s("'|])--([a-z][a-z0-9-]*)`)
	aCommand = regexp.MustCompile(`(?:^|[\s("'])(spur [a-z]+)(?: ([a-z]+))?`)
)

// other are texts for other programs.
var other = regexp.MustCompile(`#!ipxe|useradd|dpkg --add-architecture|qemu-img convert .* --object|grub-install --removable`)

// sentence are words that follow the program's name where none of its commands
// is meant.
var sentence = []string{"is", "of", "or", "nor", "uses", "starts", "seal"}

// begins tells whether a flag begins like that: texts name several by what they
// have in common.
func begins(flags map[string]bool, prefix string) bool {
	for name := range flags {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// checkAdvice checks one text, and counts what it names.
func checkAdvice(t *testing.T, path, text string, flags, commands map[string]bool) (n int) {
	t.Helper()
	if other.MatchString(text) {
		return 0
	}
	for _, at := range aFlag.FindAllStringSubmatch(text, -1) {
		if n++; !flags[at[1]] && !begins(flags, at[1]+"-") {
			t.Errorf("%s: no command has --%s: %q", path, at[1], text)
		}
	}
	for _, at := range aCommand.FindAllStringSubmatch(text, -1) {
		if n++; !commands[at[1]] && !slices.Contains(sentence, strings.TrimPrefix(at[1], "spur ")) {
			t.Errorf("%s: there is no command %q: %q", path, at[1], text)
		}
		if at[1] == "spur disk" && at[2] != "" && !commands[at[1]+" "+at[2]] {
			t.Errorf("%s: there is no command %q: %q", path, at[0], text)
		}
	}
	return n
}

// literals are the texts in a Go file.
func literals(path string) (texts []string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts, nil
}
