package image

import (
	"slices"
	"strings"
	"testing"
)

// checkText goes through a configuration that lies beside some files.
func checkText(text string, files ...string) []string {
	c := &configCheck{
		dir:     ".",
		read:    func(name string) (string, bool) { return text, name == "pxelinux.cfg/default" },
		has:     func(name string) bool { return slices.Contains(files, name) },
		absence: func(string) string { return "which isn't there" },
	}
	return c.config("pxelinux.cfg/default")
}

func TestSyslinuxConfig(t *testing.T) {
	for _, tt := range []struct{ name, text, problem string }{
		{"sound", "DEFAULT a\nLABEL a\n  KERNEL vmlinuz\n  APPEND initrd=initrd.gz quiet\n", ""},
		{"an unknown word", "default a\nlabel a\n kernl vmlinuz\n kernel vmlinuz\n", `line 3, begins with "kernl"`},
		{"a label that does nothing", "label a\n append x\nlabel b\n linux vmlinuz\n", `line 1, begins the label "a"`},
		{"a label with a file's name", "label vmlinuz\n append x\n", ""},
		{"a kernel that isn't there", "label a\n linux vmlinux\n", "line 2, names vmlinux, which isn't there"},
		{"initrds, of which one isn't there", "label a\n linux vmlinuz\n initrd initrd.gz,more.gz\n", "line 3, names more.gz"},
		{"an initrd of APPEND", "label a\n linux vmlinuz\n append ro initrd=none.gz\n", "line 3, names none.gz"},
		{"on another server", "label a\n linux http://h/vmlinuz\n append initrd=::/x\n", ""},
		{"beginning at the root", "label a\n linux /vmlinuz\n", ""},
		{"help", "label a\n linux vmlinuz\n text help\n what this is\n endtext\n", ""},
		{"menus", "menu title x\nmenu begin y\nlabel back\n menu label ^Back\n menu exit\nmenu end\nlabel d\n localboot 0\n", ""},
		{"a module on the path", "path boot/\nui menu.c32\nlabel c\n com32 menu.c32\n", ""},
		{"a module without its ending", "path boot\nlabel c\n kernel menu\n", ""},
		{"an include that isn't there", "include none.cfg\nlabel a\n linux vmlinuz\n", ""},
		{"no label after a menu's include that isn't there", "menu include none.cfg\ndefault theirs\n", `line 2, has DEFAULT name "theirs"`},
		{"Windows' line ends and comments", "# x\r\nLABEL a\r\n\r\n  LINUX vmlinuz\r\n", ""},
		{"a default that is no label", "DEFAULT lnx\nLABEL linux\n linux vmlinuz\n", `line 1, has DEFAULT name "lnx", which is neither a label`},
		{"a default with options", "default linux auto\nlabel linux\n linux vmlinuz\n", ""},
		{"a default that is a file", "default vmlinuz ro\n", ""},
		{"a default of which only the last counts", "default none\ndefault boot/menu.c32\n", ""},
		{"a label at a time's end", "ontimeout none\nlabel a\n linux vmlinuz\n", `line 1, has ONTIMEOUT name "none"`},
		{"a label of what can't be read", "include http://h/none.cfg\ndefault theirs\n", ""},
		{"itself", "include pxelinux.cfg/default\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(checkText(tt.text, "vmlinuz", "initrd.gz", "boot/menu.c32", "pxelinux.cfg/default"), "\n")
			if tt.problem == "" && got != "" || !strings.Contains(got, tt.problem) {
				t.Errorf("got %q, want %q", got, tt.problem)
			}
		})
	}
}

func FuzzSyslinuxConfig(f *testing.F) {
	f.Add("default a\nlabel a\n kernel x\n append initrd=a,b\ntext help\nendtext\npath a:b\n")
	f.Add("menu begin\nlabel \x00\xff\ninclude pxelinux.cfg/default\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range checkText(text) {
			if len(p) > 400 || strings.ToValidUTF8(p, "") != p {
				t.Errorf("%q is told as %q", text, p)
			}
		}
	})
}

// A PXELINUX asks for a few names in its folder alone.
func TestConfigurationsAskedFor(t *testing.T) {
	for name, want := range map[string]string{
		"default": "", "C0A8": "", "01-52-54-00-12-34-56": "", "b8945908-d6a6-41a9-611d-74a6ab80b83d": "",
		"defalt": "is no file of a name that it asks for; call the one for all machines default (there is defalt)", "c0a8": "no file of a name",
	} {
		found, err := OpenFolder(folderOf(t, map[string]string{"pxelinux.cfg/" + name: "localboot 0\n"}))
		if got := strings.Join(found.Warnings, "\n"); err != nil || (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}
