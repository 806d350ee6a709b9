package image

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/bootconfig"
)

// A configuration of GRUB that surely names what isn't there is told with its line; what
// depends on something is left alone.
func TestGRUBConfig(t *testing.T) {
	grub := unpacked(t, "grub-efi-amd64-signed/usr/lib/grub/*/grubnetx64.efi.signed")
	for _, tt := range []struct{ name, text, warning string }{
		{"sound", "menuentry a {\n linux /vmlinuz ro\n initrd /a/initrd.img (tftp)/vmlinuz\n}\n", ""},
		{"a kernel that isn't there", "set timeout=5\n\nmenuentry 'a' --id a {\n linux /vmlinux ro\n initrd /a/initrd.img\n}\n", "grub/grub.cfg, line 4, names /vmlinux, which isn't there; the file is served as it is"},
		{"the second initrd", "submenu b {\n menuentry a {\n  linux /vmlinuz \\\n   ro\n  initrd /a/initrd.img /none\n}\n}\n", "line 5, names /none"},
		{"in what it leads to", "source /a/more.cfg\n", "a/more.cfg, line 2, names /none.efi"},
		{"to itself", "configfile /grub/grub.cfg\n", ""},
		{"on another device", "menuentry a {\n linux (hd0,1)/x\n}\nmenuentry b {\n linux (http,192.0.2.1)/x\n chainloader +1\n}\n", ""},
		{"by a variable", "menuentry a {\n linux $prefix/x\n initrd \"/$arch/x\"\n}\n", ""},
		{"where it is looked for first", "if [ -f /x.cfg ]; then\n source /x.cfg\nfi\n[ -f /y.cfg ] && source /y.cfg\nfunction f {\n linux /z\n}\n", ""},
		{"a comment, and quotes over lines", "# linux /none\nset a='x\ny'\nconfigfile /none.cfg", "line 4, names /none.cfg"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := OpenFolder(folderOf(t, map[string]string{
				"grubx64.efi": grub, "grub/grub.cfg": tt.text, "vmlinuz": "x", "a/initrd.img": "x", "a/more.cfg": "\nchainloader /none.efi\n", "grub/x86_64-efi/grub.cfg": "source /elsewhere\n",
			}))
			got := strings.Join(found.Warnings, "\n")
			if err != nil || (tt.warning == "") != (got == "") || !strings.Contains(got, tt.warning) {
				t.Errorf("got %q, %v, want %q", got, err, tt.warning)
			}
		})
	}
}

func FuzzGRUBConfig(f *testing.F) {
	f.Add("menuentry a {\n linux /x\n initrd /y\n}\nsource a\n")
	f.Add("a && b | { } 'x\n' \"y\\\n\" $z")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		for _, c := range bootconfig.GRUBCommands(text) {
			if c.Line < 1 || c.Line > lines || len(c.Words) == 0 {
				t.Errorf("%+v in %d lines", c, lines)
			}
			for _, name := range namedByGRUB(c.Words) {
				if told := clipWord(name); len(told) > 200 || strings.ToValidUTF8(told, "") != told {
					t.Errorf("%q is told as %q", name, told)
				}
			}
		}
	})
}
