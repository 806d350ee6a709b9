package bootconfig

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// mediumOf makes a medium of texts.
func mediumOf(texts map[string]string) fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range texts {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// line writes an entry in one line, so that a test can say what it wants.
func (e Entry) line() string {
	preset := ""
	if e.Default {
		preset = "* "
	}
	line := preset + e.Title + ": " + string(e.Kind) + " " + e.Kernel
	if len(e.Initrds) > 0 {
		line += " [" + strings.Join(e.Initrds, " ") + "]"
	}
	if len(e.Modules) > 0 {
		line += " [" + strings.Join(e.Modules, ", ") + "]"
	}
	return strings.TrimSpace(line + " " + e.Args)
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{
			"ISOLINUX with includes, a submenu and defaults", map[string]string{
				"isolinux/isolinux.cfg": "# D-I\npath \ninclude menu.cfg\ndefault vesamenu.c32\nprompt 0\ntimeout 0\n",
				"isolinux/menu.cfg":     "menu title Installer\ninclude txt.cfg\nmenu begin advanced\n    menu label ^Advanced options\n\tmenu title Advanced options\n\tinclude adtxt.cfg\nmenu end\n",
				"isolinux/txt.cfg":      "default install\nlabel install\n\tmenu label ^Install\n\tmenu default\n\tkernel /install.amd/vmlinuz\n\tappend vga=788 initrd=/install.amd/initrd.gz --- quiet \n",
				"isolinux/adtxt.cfg":    "label expert\n\tmenu label E^xpert install\n\tkernel /install.amd/vmlinuz\n\tappend priority=low initrd=/install.amd/initrd.gz ---\n",
				"install.amd/vmlinuz":   "", "install.amd/initrd.gz": "",
			},
			[]string{"* Install: linux install.amd/vmlinuz [install.amd/initrd.gz] vga=788 --- quiet", "Advanced options > Expert install: linux install.amd/vmlinuz [install.amd/initrd.gz] priority=low ---"},
		},
		{
			"a label that leads to another configuration", map[string]string{
				"boot/syslinux/syslinux.cfg": "DEFAULT select\nLABEL select\nCOM32 whichsys.c32\nAPPEND -pxe- pxe -iso- sys\nLABEL pxe\nCONFIG pxe.cfg\nLABEL sys\nCONFIG sys.cfg\n",
				"boot/syslinux/sys.cfg":      "DEFAULT arch\nINCLUDE linux.cfg\n",
				"boot/syslinux/linux.cfg":    "LABEL arch\nTEXT HELP\nLABEL none\nENDTEXT\nMENU LABEL Install medium\nLINUX /arch/boot/x86_64/vmlinuz-linux\nINITRD /arch/boot/intel-ucode.img,/arch/boot/x86_64/initramfs-linux.img\nAPPEND archisobasedir=arch archisosearchuuid=2024\n",
			},
			[]string{"select: other boot/syslinux/whichsys.c32 -pxe- pxe -iso- sys", "* Install medium: linux arch/boot/x86_64/vmlinuz-linux [arch/boot/intel-ucode.img arch/boot/x86_64/initramfs-linux.img] archisobasedir=arch archisosearchuuid=2024"},
		},
		{
			"names in another case, relative ones, APPEND for all, and its end", map[string]string{
				"ISOLINUX/ISOLINUX.CFG": "APPEND quiet\nDEFAULT one\nLABEL one\nKERNEL linux\nINITRD initrd.img\nLABEL two\nKERNEL linux ro\nAPPEND -\nLABEL memtest\nLINUX memtest.bin\nLABEL local\nLOCALBOOT 0x80\n",
				"ISOLINUX/LINUX":        "", "ISOLINUX/INITRD.IMG": "",
			},
			[]string{"* one: linux ISOLINUX/LINUX [ISOLINUX/INITRD.IMG] quiet", "two: linux ISOLINUX/LINUX ro", "memtest: linux ISOLINUX/memtest.bin quiet", "local: other"},
		},
		{
			"names without their endings", map[string]string{
				"isolinux/isolinux.cfg": "LABEL disk\nKERNEL chain\nAPPEND hd0\nLABEL test\nLINUX /tools/MEMTEST\nLABEL both\nKERNEL linux\nLABEL gone\nKERNEL gone\n",
				"isolinux/chain.c32":    "", "tools/memtest.bin": "", "isolinux/linux": "", "isolinux/linux.c32": "",
			},
			[]string{"disk: other isolinux/chain.c32 hd0", "* test: linux tools/memtest.bin", "both: linux isolinux/linux", "gone: linux isolinux/gone"},
		},
		{
			"a menu and mboot.c32 without their endings", map[string]string{
				"isolinux/isolinux.cfg": "LABEL more\nKERNEL vesamenu\nAPPEND more.cfg\nLABEL still\nCOM32 /isolinux/MENU\nAPPEND still.cfg\nLABEL xen\nKERNEL mboot\nAPPEND xen.gz dom0_mem=1G --- vmlinuz quiet\nLABEL com\nCOM32 mboot\nAPPEND xen.gz\nLABEL none\nCOM32 chain\n",
				"isolinux/more.cfg":     "LABEL a\nKERNEL vmlinuz\n", "isolinux/still.cfg": "LABEL b\nKERNEL vmlinuz b\n",
				"isolinux/vesamenu.c32": "", "isolinux/menu.c32": "", "isolinux/mboot.c32": "", "isolinux/chain.bin": "", "isolinux/vmlinuz": "",
			},
			[]string{"* a: linux isolinux/vmlinuz", "b: linux isolinux/vmlinuz b", "xen: multiboot isolinux/xen.gz [isolinux/vmlinuz quiet] dom0_mem=1G", "com: multiboot isolinux/xen.gz", "none: other isolinux/chain"},
		},
		{
			"a configuration with a folder of its own", map[string]string{
				"isolinux/isolinux.cfg": "LABEL a\nCONFIG /a/boot/a.cfg\nAPPEND /a/boot/ x\nLABEL b\nCONFIG /b/boot/b.cfg\nLABEL c\nKERNEL linux\n",
				"a/boot/a.cfg":          "INCLUDE more.cfg\n", "a/boot/more.cfg": "LABEL a\nKERNEL vmlinuz\nINITRD initrd\n", "a/boot/vmlinuz": "", "a/boot/initrd": "",
				"b/boot/b.cfg": "LABEL b\nKERNEL linux\n", "isolinux/linux": "",
			},
			[]string{"* a: linux a/boot/vmlinuz [a/boot/initrd]", "b: linux isolinux/linux", "c: linux isolinux/linux"},
		},
		{
			"Xen by mboot.c32", map[string]string{
				"boot/syslinux/syslinux.cfg": "LABEL xen\nKERNEL /boot/syslinux/mboot.c32\nAPPEND /boot/xen.gz dom0_mem=1G --- /boot/vmlinuz-lts quiet --- /boot/initramfs-lts\n",
			},
			[]string{"xen: multiboot boot/xen.gz [boot/vmlinuz-lts quiet, boot/initramfs-lts] dom0_mem=1G"},
		},
		{
			"GRUB with variables, conditions, functions and submenus", map[string]string{
				"boot/grub/grub.cfg": `set default="1"
if [ x$feature_default_font_path = xy ] ; then font=unicode; else font=$prefix/font.pf2; fi
if loadfont $font ; then
  set gfxmode=800x600
fi
search --no-floppy --set=root -l 'Fedora-WS-Live-40'
linux_cmd=linux
if [ "${grub_platform}" == "efi" ]; then linux_cmd=linuxefi; fi
function say {
  echo "$1"
}
say hello
source $prefix/more.cfg
menuentry 'Try "it"' --class gnu-linux --id try { # a comment
	set gfxpayload=keep
	$linux_cmd	/casper/vmlinuz  ${extra} quiet splash --- \
		last
	initrd	/casper/initrd (cd0)/boot/ucode.img
}
submenu "Trouble" {
	menuentry "Safe mode" {
		linux ($root)/casper/vmlinuz nomodeset "file=/cdrom/a b"
		initrd /casper/initrd
	}
	menuentry "UEFI settings" { fwsetup }
}
if [ "$grub_platform" = "pc" ]; then menuentry "never" { linux /no; } ; fi
menuentry "Shell" { chainloader /EFI/shell.efi }
`,
				"boot/grub/more.cfg":   "menuentry \"First\" {\n linux16 /memtest.bin\n}\nset extra='a=1 b=2'\n",
				"casper/vmlinuz":       "",
				"EFI/BOOT/BOOTX64.EFI": "",
			},
			[]string{
				"First: linux memtest.bin", `* Try "it": linux casper/vmlinuz [casper/initrd boot/ucode.img] a=1 b=2 quiet splash --- last`,
				"Trouble > Safe mode: linux casper/vmlinuz [casper/initrd] nomodeset file=/cdrom/a b", "Shell: efi EFI/shell.efi",
			},
		},
		{
			"GRUB: a default by its id, a loop, and multiboot", map[string]string{
				"EFI/BOOT/grub.cfg": "set default=two\nfor k in one two; do\nmenuentry \"$k\" --id $k \"$k\" { linux /boot/$1 root=live; initrd /boot/$1.img }\ndone\nmenuentry Xen { multiboot2 /boot/xen.gz a\n module2 /boot/vmlinuz b\n module2 /boot/initrd }",
			},
			[]string{"one: linux boot/one [boot/one.img] root=live", "* two: linux boot/two [boot/two.img] root=live", "Xen: multiboot boot/xen.gz [boot/vmlinuz b, boot/initrd] a"},
		},
		{
			"systemd-boot", map[string]string{
				"loader/loader.conf":        "timeout 15\ndefault 01-*\n",
				"loader/entries/02-b.conf":  "title Second\nlinux /arch/vmlinuz\ninitrd /arch/ucode.img\ninitrd /arch/initrd.img\noptions a=1\noptions b=2\n",
				"loader/entries/01-a.conf":  "title First\nsort-key 01\nlinux /arch/vmlinuz\n",
				"loader/entries/shell.conf": "title Shell\nefi /shellx64.efi\n",
				"EFI/Linux/uki.efi":         "",
			},
			[]string{"* First: linux arch/vmlinuz", "uki.efi: efi EFI/Linux/uki.efi", "Shell: efi shellx64.efi", "Second: linux arch/vmlinuz [arch/ucode.img arch/initrd.img] a=1 b=2"},
		},
		{"nothing", map[string]string{"boot/vmlinuz": ""}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range Read(NewMedium(mediumOf(tt.files))) {
				for _, e := range c.Entries {
					got = append(got, e.line())
				}
				if len(c.Problems) > 0 && tt.name != "a label that leads to another configuration" {
					t.Errorf("it has the problems %q", c.Problems)
				}
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("entries\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// What leads to itself, is endless or lies deep in itself ends by the bounds, and says so.
func TestBounds(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name    string
		files   map[string]string
		problem string
	}{
		{"Syslinux includes itself", map[string]string{"isolinux.cfg": "INCLUDE isolinux.cfg\nINCLUDE isolinux.cfg\n"}, "16 deep"},
		{"labels lead in a circle", map[string]string{"isolinux.cfg": "LABEL a\nCONFIG b.cfg\nLABEL c\nLINUX c\n", "b.cfg": "LABEL b\nCONFIG isolinux.cfg\n"}, ""},
		{"GRUB sources itself", map[string]string{"boot/grub/grub.cfg": "source /boot/grub/grub.cfg\nsource /boot/grub/grub.cfg\n"}, "16 deep"},
		{"a function calls itself", map[string]string{"boot/grub/grub.cfg": "function f { f; f; f; }\nf\n"}, "deep"},
		{"loops in loops", map[string]string{"boot/grub/grub.cfg": strings.Repeat("for x in 1 2 3 4 5 6 7 8 9; do ", 20) + "true"}, "20000 commands"},
		{"entries without end", map[string]string{"isolinux.cfg": many("LABEL l%d\nLINUX k\n", 1000)}, "256 entries"},
		{"a variable that doubles", map[string]string{"boot/grub/grub.cfg": "x=1234567890\n" + strings.Repeat("x=\"$x$x\"\n", 200) + "menuentry \"$x\" { linux /k $x " + strings.Repeat("$x", 10000) + " }"}, "8 MiB"},
		{"many lookups", map[string]string{"boot/grub/grub.cfg": strings.Repeat("for x in 1 2 3 4 5 6 7 8 9; do ", 5) + "[ -f /a/b/$x ]"}, "20000 commands"},
		{"one line of a gigabyte", map[string]string{"boot/grub/grub.cfg": "menuentry a { linux /k " + strings.Repeat("a", 1<<20)}, "256 KiB"},
		{"braces in braces", map[string]string{"boot/grub/grub.cfg": strings.Repeat("{", 100000)}, "none"},
		{"ifs in ifs", map[string]string{"boot/grub/grub.cfg": strings.Repeat("if ", 80000)}, "none"},
		{"elifs behind elifs", map[string]string{"boot/grub/grub.cfg": "if a; then b" + strings.Repeat("; elif false; then b", 10000)}, "none"},
		{"submenus in submenus", map[string]string{"boot/grub/grub.cfg": strings.Repeat("submenu a {", 20000)}, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			configs := Read(NewMedium(mediumOf(tt.files)))
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			if tt.problem == "none" {
				return
			}
			if len(configs) != 1 {
				t.Fatalf("there are %d configurations", len(configs))
			}
			problems := strings.Join(configs[0].Problems, "; ")
			if tt.problem == "" != (problems == "") || !strings.Contains(problems, tt.problem) {
				t.Errorf("the problems are %q, wanted %q", problems, tt.problem)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"DEFAULT a\nLABEL a\nKERNEL k\nAPPEND initrd=i x\nINCLUDE b\nMENU BEGIN\nMENU END\n",
		"menuentry 'a' --id b { linux /k $x; initrd /i }\nif [ -f /k -a ! -e /x ]; then source $prefix/b; fi\nfunction f { echo \"$1\"; }\nf x\n",
		"title a\nlinux /k\noptions b\n", "{{{", "\"${", "if then elif fi", "for x in $y; do done", "'\\",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		medium := mediumOf(map[string]string{
			"isolinux/isolinux.cfg": a, "isolinux/b": b, "boot/grub/grub.cfg": a, "boot/grub/b": b,
			"loader/loader.conf": a, "loader/entries/a.conf": b, "k": "",
		})
		for _, c := range Read(NewMedium(medium)) {
			presets := 0
			for _, e := range c.Entries {
				if e.Default {
					presets++
				}
				if strings.HasPrefix(e.Kernel, "/") || strings.HasPrefix(e.Kernel, "../") {
					t.Errorf("%s names %q", c.Path, e.Kernel)
				}
			}
			if presets > 1 || len(c.Entries) > entriesMost {
				t.Errorf("%s has %d entries, %d of them the default one", c.Path, len(c.Entries), presets)
			}
		}
	})
}
