package bootconfig

import (
	"iter"
	"strings"
)

// SyslinuxLine is one line of a configuration of Syslinux that says something.
type SyslinuxLine struct {
	Number int
	Word   string   // the first word, in lower case
	Args   []string // the others
	Rest   string   // the same, as it is written
}

// First is the first argument; empty for none.
func (l SyslinuxLine) First() string {
	if len(l.Args) == 0 {
		return ""
	}
	return l.Args[0]
}

// SyslinuxLines are the lines of a configuration without those that are blank, comments,
// or text for people between TEXT and ENDTEXT. Of a line that ends in none the next one
// begins where the text does.
func SyslinuxLines(text string) iter.Seq[SyslinuxLine] {
	return func(yield func(SyslinuxLine) bool) {
		number, inText := 0, false
		for line := range strings.Lines(text) {
			number++
			line = strings.TrimSpace(line)
			word, rest := line, ""
			if i := strings.IndexAny(line, " \t"); i >= 0 {
				word, rest = line[:i], strings.TrimSpace(line[i:])
			}
			word = strings.ToLower(word)
			switch {
			case inText:
				inText = word != "endtext"
				continue
			case word == "" || strings.HasPrefix(word, "#"):
				continue
			case word == "text":
				inText = true
			}
			if !yield(SyslinuxLine{number, word, strings.Fields(rest), rest}) {
				return
			}
		}
	}
}

// SyslinuxKernels are the words that name what a label starts, whatever that is.
func SyslinuxKernels() []string {
	return []string{"kernel", "linux", "boot", "bss", "pxe", "fdimage", "comboot", "com32", "config"}
}

// SyslinuxWords are those with which a line of a configuration of Syslinux can begin
// (its doc/syslinux.txt, doc/menu.txt and com32/elflink/ldlinux/readconfig.c).
func SyslinuxWords() []string {
	return append(SyslinuxKernels(),
		"label", "localboot", "append",
		"addappend", "initrd", "fdt", "fdtdir", "devicetree", "ipappend", "sysappend", "include", "default", "ui", "prompt", "noescape", "nocomplete",
		"nohalt", "allowoptions", "timeout", "totaltimeout", "ontimeout", "onerror", "serial", "console", "font", "kbdmap",
		"display", "say", "menu", "text", "endtext", "path", "implicit", "sendcookies", "varlabel", "debug", "set",
		"f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12",
	)
}
