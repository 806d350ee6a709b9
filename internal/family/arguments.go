package family

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spurboot/spur/internal/boot"
)

// placeholder is what may stand in arguments for what is known later.
var placeholder = regexp.MustCompile(`\{\{\s*(?:(BASE)|(ISO)|FILE\s+("(?:[^"\\]|\\.)*")|(SERVER|PORT|EXPORT)|(LABEL))\s*\}\}`)

// checkWords tells what is wrong with arguments.
func checkWords(text string) error {
	if rest := WithoutURLs(text); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		return fmt.Errorf(`arguments with something that is none of {{ FILE "pattern" }}, {{ BASE }}, {{ ISO }}, {{ LABEL }}, {{ SERVER }}, {{ PORT }}, {{ EXPORT }}: %s`, text)
	}
	return nil
}

// WithoutURLs are arguments without what stands for URLs of a medium, or for where else it is.
func WithoutURLs(text string) string { return placeholder.ReplaceAllString(text, "") }

// namesExport tells whether arguments say what is asked for of a server of Spur's.
func namesExport(text string) bool {
	for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
		if found[4] == string(boot.ExportName) {
			return true
		}
	}
	return false
}

// Part is a part of arguments: text, or what a URL is of.
type Part struct {
	Text string
	Base bool   // the URL below which the medium's files are
	ISO  bool   // that of the image
	File string // that of a file of the medium
	// Export is a word about where the system finds the image that Spur exports.
	Export boot.ExportWord
}

// parts splits arguments for a medium; missing is a pattern of which there is no file.
func (l look) parts(text string) (all []Part, missing string) {
	for {
		at := placeholder.FindStringSubmatchIndex(text)
		if at == nil {
			return append(all, Part{Text: text}), missing
		}
		all = append(all, Part{Text: text[:at[0]]})
		switch {
		case at[2] >= 0:
			all = append(all, Part{Base: true})
		case at[4] >= 0:
			all = append(all, Part{ISO: true})
		case at[8] >= 0:
			all = append(all, Part{Export: boot.ExportWord(text[at[8]:at[9]])})
		case at[10] >= 0:
			all = append(all, Part{Text: udevName(l.Label)})
		default:
			pattern, _ := strconv.Unquote(text[at[6]:at[7]])
			file := l.first(pattern)
			if file == "" {
				missing = pattern
			}
			all = append(all, Part{File: file})
		}
		text = text[at[1]:]
	}
}

// udevName is a volume's name as udev writes it in names of links (udev_replace_chars in
// systemd's src/shared/udev-util.c).
func udevName(label string) string {
	var b strings.Builder
	for _, c := range []byte(label) {
		if c >= utf8.RuneSelf || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("#+-.:=@_", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

// words splits a command line at blanks outside of quotes, and leaves the quotes.
func words(cmdline string) []string {
	quoted := false
	return strings.FieldsFunc(cmdline, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\t' || r == '\n' || r == '\r')
	})
}

// without leaves out the words that match a pattern.
func without(all []string, patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(word string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return like(pattern, word) })
	})
}

// split parts a command line at the dashes behind which stands what an installer hands on
// to the system that it installs (debian-installer, casper).
func split(all []string) (before, behind []string) {
	i := slices.IndexFunc(all, func(word string) bool { return word == "---" || word == "--" })
	if i < 0 {
		return all, nil
	}
	return all[:i], all[i:]
}

// like tells whether a text matches a pattern, in which * stands for any text.
func like(pattern, text string) bool {
	first, rest, any := strings.Cut(pattern, "*")
	if !any {
		return strings.EqualFold(pattern, text)
	}
	if len(text) < len(first) || !strings.EqualFold(text[:len(first)], first) {
		return false
	}
	text = strings.ToLower(text[len(first):])
	pieces := strings.Split(strings.ToLower(rest), "*")
	for _, piece := range pieces[:len(pieces)-1] {
		_, behind, ok := strings.Cut(text, piece)
		if !ok {
			return false
		}
		text = behind
	}
	return strings.HasSuffix(text, pieces[len(pieces)-1])
}

// kept are the arguments of a medium's that a system boots with over the network, too.
func (f Found) kept(s System) []string {
	return without(words(s.Args), slices.Concat(f.Family.Drop, f.Root.Drop))
}

// Arguments are those with which a system is booted over the network: the medium's without
// what is dropped, and those of the family. The error names a file that isn't there.
func (f Found) Arguments(s System) ([]Part, error) {
	before, behind := split(f.kept(s))
	text := strings.Join(slices.Concat(escaped(before), words(f.Family.Add), words(f.Root.Args), escaped(behind)), " ")
	all, err := f.Parts(strings.TrimSpace(text))
	for i := range all {
		all[i].Text = strings.ReplaceAll(all[i].Text, mark, "{{")
	}
	return all, err
}

// Parts splits arguments in which what families.yaml lists may stand. The error names a file
// that isn't there.
func (f Found) Parts(text string) ([]Part, error) {
	all, missing := f.look.parts(text)
	if missing != "" {
		return nil, fmt.Errorf("there is no file %s on it", missing)
	}
	at := slices.IndexFunc(all, func(p Part) bool { return p.Export != "" })
	if at >= 0 && !f.Root.Mounted() {
		return nil, fmt.Errorf("{{ %s }} stands for a server over which the system mounts its root, which it finds over %s", all[at].Export, f.Root.Over)
	}
	return all, nil
}

// mark stands for braces of the medium's own, which stand for nothing of ours.
const mark = "\x00"

func escaped(all []string) []string {
	for i := range all {
		all[i] = strings.ReplaceAll(strings.ReplaceAll(all[i], mark, ""), "{{", mark)
	}
	return all
}
