package boot

import (
	"slices"
	"strings"
	"testing"
)

func TestSyslinuxAppend(t *testing.T) {
	initrds := []string{"::I/a", "::I/b"}
	for _, tt := range []struct {
		cmdline string
		initrds []string
		want    string // an error's text behind an exclamation mark
	}{
		{"quiet", nil, "quiet"},
		{"", nil, ""},
		{"  quiet   splash  ", initrds, "initrd=::I/a,::I/b quiet   splash"},
		{"", initrds, "initrd=::I/a,::I/b"},
		{"-", initrds, "initrd=::I/a,::I/b -"},
		{"-", nil, "!a dash"},
		{"\t-", nil, "!a dash"},
		{"a initrd=b", initrds, "initrd=::I/a,::I/b a initrd=b"},
		{"a noinitrd=b", nil, "!has initrd="},
		{"a\nLABEL x", nil, "!line break"},
		{"a\rb", initrds, "!line break"},
		{strings.Repeat("x", 2047-len("BOOT_IMAGE=::K/k ")), nil, strings.Repeat("x", 2030)},
		{strings.Repeat("x", 2048-len("BOOT_IMAGE=::K/k ")), nil, "!has 2048 bytes"},
		{"", []string{"::" + strings.Repeat("n", 254)}, "!is called"},
	} {
		got, err := SyslinuxAppend("::K/k", tt.initrds, tt.cmdline)
		if err != nil {
			got = "!" + err.Error()
		}
		if got != tt.want && (!strings.HasPrefix(tt.want, "!") || err == nil || !strings.Contains(got, tt.want[1:])) {
			t.Errorf("%.60q: %.80q", tt.cmdline, got)
		}
	}
}

// What is appended reaches the kernel as it is, but for blanks at its ends, and loads
// those initrds.
func FuzzSyslinuxAppend(f *testing.F) {
	for _, s := range []string{"quiet", "", " a  b\tc ", "initrd=x", "x\n", "APPEND -", "\x00", "a,b=c d"} {
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, cmdline string, n uint8) {
		var initrds []string
		for i := range n % 4 {
			initrds = append(initrds, "http://10.0.0.1/I/"+string('a'+rune(i)))
		}
		text, err := SyslinuxAppend("::K/k", initrds, cmdline)
		if err != nil {
			return
		}
		line, loads := syslinuxReads("APPEND " + text)
		if !slices.Equal(loads, initrds) {
			t.Errorf("%q has %v loaded", text, loads)
		}
		if want := strings.Trim(cmdline, " \t\v\f"); !strings.HasSuffix(line, want) {
			t.Errorf("%q reaches the kernel as %q", cmdline, line)
		}
	})
}

// syslinuxReads is what Syslinux makes of a line with APPEND: the kernel's command line,
// and the files that it loads before (parse_config_file in readconfig.c,
// new_linux_kernel in kernel.c of com32/elflink/ldlinux).
func syslinuxReads(config string) (line string, loads []string) {
	config, _, _ = strings.Cut(config, "\x00")
	config, _, _ = strings.Cut(config, "\r")
	config, _, _ = strings.Cut(config, "\n")
	line = strings.TrimLeft(strings.TrimPrefix(config, "APPEND"), " \t\v\f")
	if line == "-" {
		line = ""
	}
	if _, rest, ok := strings.Cut("BOOT_IMAGE=::K/k "+line, "initrd="); ok {
		names, _, _ := strings.Cut(rest, " ")
		loads = strings.Split(names, ",")
	}
	return line, loads
}
