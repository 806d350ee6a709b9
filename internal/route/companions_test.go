package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// pxelinux is a PXELINUX of a version, with or without what it loads.
func pxelinux(version string, beside ...Binary) Binary {
	return Binary{Build: Build{"lpxelinux.0", boot.BIOS, boot.X86}, Path: "/x/lpxelinux.0", Beside: beside, Identity: Identity{Version: version}}
}

var ldlinux = Binary{Build: Build{"ldlinux.c32", boot.BIOS, boot.X86}, Path: "/x/ldlinux.c32"}

// A loader whose companion this host lacks is no way, and what is lacking is said in a
// line. Before version 5 it had none.
func TestCompanionMissing(t *testing.T) {
	for _, tt := range []struct {
		name string
		have Binaries
		want []string
		why  string
	}{
		{"both", Binaries{pxelinux("6.04", ldlinux)}, []string{"bios-lpxelinux"}, "pxelinux.0 was not found on this host; Debian has it in package pxelinux"},
		{"none beside", Binaries{pxelinux("6.04"), ldlinux}, nil, "lpxelinux.0 needs ldlinux.c32 beside it, which was not found on this host; Debian has it in package syslinux-common"},
		{"of an unknown version", Binaries{pxelinux("")}, nil, "needs ldlinux.c32"},
		{"of a version that needs none", Binaries{pxelinux("4.07")}, []string{"bios-lpxelinux"}, ""},
		{"that for other firmware", Binaries{pxelinux("6.04", Binary{Build: Build{"ldlinux.e64", boot.UEFI, boot.X64}})}, nil, "needs ldlinux.c32"},
	} {
		l := Routes(biosROM, linux(boot.X64), Host{Loaders: tt.have})
		if got := names(l); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
		if !slices.ContainsFunc(l.Rejected, func(r Rejected) bool { return strings.Contains(r.Why, tt.why) }) {
			t.Errorf("%s: rejected %v", tt.name, l.Rejected)
		}
	}
}

// Of several the first is one that lacks nothing, also where another one is newer.
func TestWholeLoadersGoFirst(t *testing.T) {
	if Prefer(pxelinux("4.07"), pxelinux("6.04")) >= 0 || Prefer(pxelinux("6.04", ldlinux), pxelinux("4.07")) >= 0 {
		t.Error("one that lacks its companion goes first")
	}
}

// The files that PXELINUX asks for are declared: its companion, and its configuration
// under each name that it has for it.
func TestFilesOfPXELINUX(t *testing.T) {
	r := Routes(biosROM, linux(boot.X64), Host{Loaders: Binaries{pxelinux("6.04", ldlinux)}}).Routes[0]
	for name, want := range map[string]File{
		"lpxelinux.0": {Name: "lpxelinux.0", Role: NBP},
		"ldlinux.c32": {Name: "ldlinux.c32", Role: NBP},
		"pxelinux.cfg/564d1b6c-0a3e-11d5-9b2a-001122334455": {Name: "pxelinux.cfg/564d1b6c-0a3e-11d5-9b2a-001122334455", Role: Script},
		"pxelinux.cfg/01-52-54-00-12-34-56":                 {Name: "pxelinux.cfg/01-52-54-00-12-34-56", Role: Script},
		"pxelinux.cfg/C0A8":                                 {Name: "pxelinux.cfg/C0A8", Role: Script},
		"pxelinux.cfg/default":                              {Name: "pxelinux.cfg/default", Role: Script},
		"up":                                                {Name: "up", Role: Beacon},
		"ldlinux.e64":                                       {},
		"pxelinux.0":                                        {},
		"pxelinux.cfg":                                      {},
		"pxelinux.cfg/":                                     {},
		"pxelinux.cfg/a/b":                                  {},
		"other.cfg/default":                                 {},
	} {
		if got, ok := r.File(name); got != want || ok != (want != File{}) {
			t.Errorf("%s is %+v, %v", name, got, ok)
		}
	}
}

// kernelSaying is a kernel with a command line.
func kernelSaying(t *testing.T, cmdline string) boot.Payload {
	t.Helper()
	parsed, err := boot.ParseCmdline(cmdline)
	if err != nil {
		t.Fatal(err)
	}
	return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Cmdline: parsed}}
}

// What can't stand in its configuration keeps PXELINUX out of the ladder.
func TestUnwritable(t *testing.T) {
	long := kernelSaying(t, "quiet")
	content := long.Content.(boot.Linux)
	content.Initrds = []boot.File{{Source: "/" + strings.Repeat("ü", 40)}}
	long.Content = content
	for want, p := range map[string]boot.Payload{
		"":                             kernelSaying(t, `root="a b" 'x' \\ $y ; # {{ UP }}`),
		"has initrd=":                  kernelSaying(t, "initrd=x"),
		"of which Syslinux takes 2047": kernelSaying(t, strings.Repeat("x", 1990)),
		"takes no more than 255":       long,
	} {
		if got := unwritable(biosROM, p); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q: %s", want, got)
		}
	}
}
