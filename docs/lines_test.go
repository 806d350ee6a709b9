package docs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// pages are the documents whose command lines are run, besides what the
// program itself prints with --help.
var pages = []string{"../README.md", "../CONTRIBUTING.md", "architecture.md", "https.md", "images.md", "machines.md", "secureboot.md", "troubleshooting.md", "windows.md", "xen.md"}

// programs begin a command line.
var programs = []string{
	"spur", "bin/spur", "sudo", "make", "go", "apt-get", "scripts/install", "iscsiadm", "nbd-client", "modprobe",
	"sanboot", "-drive", "New-IscsiTargetPortal", "qemu-img",
}

// line is a command line and where it stands.
type line struct{ text, place string }

// documented collects all command lines.
func documented(spur string) ([]line, error) {
	var all []line
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		all = append(all, inPage(page, string(text))...)
	}
	helps, err := inHelp(spur)
	return append(all, helps...), err
}

var (
	span    = regexp.MustCompile("`([^`]+)`")
	comment = regexp.MustCompile(`\s+# .*$| {4,}\S.*$`)
	isName  = regexp.MustCompile(`^(spur )?[a-z-]+$`) // a command or a program, not how it is called
	flag    = regexp.MustCompile(`^--\S+ \S`)
	lists   = regexp.MustCompile(`(?ms)^(Usage|Commands|Flags|Flags used most|More, by [^\n]*):\n.*?(\n\n|\z)`)
	quoted  = regexp.MustCompile(`"(spur [^"]+)"|(scripts/install [a-z]+)`)
)

// inPage finds the command lines of a page: in its blocks of code, and in its
// text where one is set as code.
func inPage(page, text string) []line {
	var all []line
	for block := range strings.SplitSeq(text, "\n") {
		if code, ok := strings.CutPrefix(block, "    "); ok && isCommand(code) {
			all = append(all, line{comment.ReplaceAllString(code, ""), page})
		}
	}
	prose := regexp.MustCompile(`(?m)^    .*$`).ReplaceAllString(text, "")
	for _, found := range span.FindAllStringSubmatch(prose, -1) {
		code := strings.ReplaceAll(strings.Join(strings.Fields(found[1]), " "), `\|`, "|")
		if isCommand(code) && !isName.MatchString(code) || flag.MatchString(code) {
			all = append(all, line{code, page})
		}
	}
	return all
}

func isCommand(code string) bool {
	first, _, _ := strings.Cut(code, " ")
	return slices.Contains(programs, first)
}

// inHelp finds the command lines in the manual of each command.
func inHelp(spur string, command ...string) ([]line, error) {
	out, err := exec.Command(spur, append(slices.Clone(command), "--help", "all")...).Output()
	if err != nil {
		return nil, fmt.Errorf("spur %s --help: %w", strings.Join(command, " "), err)
	}
	all := inManual(strings.Join(append([]string{"spur"}, command...), " "), string(out))
	_, list, _ := strings.Cut(string(out), "\nCommands:\n")
	for row := range strings.SplitSeq(list, "\n") {
		if row == "" {
			break
		}
		sub, err := inHelp(spur, append(slices.Clone(command), strings.Fields(row)[0])...)
		if err != nil {
			return nil, err
		}
		all = append(all, sub...)
	}
	return all, nil
}

// inManual finds the command lines of one manual: what is indented, in a table
// behind a word too, and what is quoted in the text. How it is called is none, and neither
// are the lists of commands, flags and subjects.
func inManual(name, text string) []line {
	text = lists.ReplaceAllString(text, "\n")
	var all []line
	for row := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", ""), "\n") {
		if !strings.HasPrefix(row, "  ") {
			continue
		}
		row = strings.TrimSpace(row)
		if _, behind, ok := strings.Cut(row, "  "); ok && !isCommand(row) {
			row = strings.TrimSpace(behind)
		}
		if isCommand(row) {
			all = append(all, line{strings.Join(strings.Fields(row), " "), name + " --help"})
		}
	}
	for _, found := range quoted.FindAllStringSubmatch(text, -1) {
		all = append(all, line{strings.Join(strings.Fields(found[1]+found[2]), " "), name + " --help"})
	}
	return all
}

// contains tells whether a file has a text, for lines that another test runs.
func contains(path, text string) bool {
	b, err := os.ReadFile(path)
	return err == nil && bytes.Contains(b, []byte(text))
}
