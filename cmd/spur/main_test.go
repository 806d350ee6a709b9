package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/spurboot/spur/internal/lab"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"spur": main})
}

// TestScripts runs the command line as a person would: what it prints, what it
// refuses, with which exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			spur, err := exec.LookPath("spur")
			if err != nil {
				return err
			}
			env.Setenv("SPUR", spur)
			records, err := filepath.Abs("../../internal/replay/testdata")
			if err != nil {
				return err
			}
			env.Setenv("RECORDS", records)
			if err := nameUnpacked(env); err != nil {
				return err
			}
			if err := copyPrograms(env); err != nil {
				return err
			}
			env.Values[servingsKey{}] = servings{}
			return errors.Join(makeKernels(env.WorkDir), makeDisk(filepath.Join(env.WorkDir, "disk.img")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "serves": serves, "stops": stops, "needs": needs},
	})
}

// nameUnpacked tells scripts where files of Debian's packages are that aren't installed
// where tests run: a shim and a GRUB that it has signed, GRUB's modules, PXELINUX, the
// installer's tree for network boots.
func nameUnpacked(env *testscript.Env) error {
	for name, at := range map[string][2]string{
		"SHIM":         {"shim-signed", "usr/lib/shim/shimx64.efi.signed"},
		"GRUB":         {"grub-efi-amd64-signed", "usr/lib/grub/*/grubnetx64.efi.signed"},
		"GRUB_MODULES": {"grub-pc-bin", "usr/lib/grub"},
		"EFI_MODULES":  {"grub-efi-amd64-bin", "usr/lib/grub"},
		"PXELINUX":     {"pxelinux", "usr/lib/PXELINUX/pxelinux.0"},
		"LPXELINUX":    {"pxelinux", "usr/lib/PXELINUX/lpxelinux.0"},
		"LDLINUX":      {"syslinux-common", "usr/lib/syslinux/modules/bios/ldlinux.c32"},
		"NETBOOT":      {"debian-installer-12-netboot-amd64", "usr/lib/debian-installer/images/12/amd64/text"},
	} {
		file, err := lab.Unpacked(at[0], at[1])
		if err != nil {
			return err
		}
		env.Setenv(name, file)
		env.Setenv(name+"_FOLDER", filepath.Dir(file))
	}
	return nil
}

// copyPrograms puts the programs of testdata where scripts find them as commands.
func copyPrograms(env *testscript.Env) error {
	dir := filepath.Join(env.WorkDir, "bin")
	env.Setenv("PATH", dir+string(filepath.ListSeparator)+env.Getenv("PATH"))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"world", "says"} {
		script, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), script, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// exits runs a command that must end with an exit code: exits CODE COMMAND….
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		code = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// makeKernels writes files that have the header of an x86-64 kernel and nothing
// behind it: vmlinuz with an EFI stub, old.lkrn without; vmlinuz-arm64 is one for arm64,
// and memtest one that can't be moved, as Memtest86+ is.
func makeKernels(dir string) error {
	k := make([]byte, 4096)
	copy(k[0x1f1:], []byte{1})          // setup sectors
	copy(k[0x1fe:], []byte{0x55, 0xaa}) // boot flag
	copy(k[0x202:], "HdrS\x0f\x02")     // protocol 2.15
	copy(k[0x20e:], []byte{0x00, 0x02}) // the version string is at 0x400
	copy(k[0x234:], []byte{0x01})       // it can be moved
	copy(k[0x236:], []byte{0x01, 0x00}) // XLF_KERNEL_64
	copy(k[0x400:], "9.9.9-spur (test)\x00")
	err := os.WriteFile(filepath.Join(dir, "old.lkrn"), k, 0o644)
	copy(k, "MZ")
	k[0x3c] = 0x80 // where the PE header is
	copy(k[0x80:], "PE\x00\x00\x64\x86")
	fixed := slices.Clone(k)
	fixed[0x234] = 0
	arm := make([]byte, 4096)
	copy(arm, k[:0x100])
	copy(arm[0x38:], "ARM\x64")
	copy(arm[0x84:], "\x64\xaa")
	return errors.Join(err, os.WriteFile(filepath.Join(dir, "vmlinuz"), k, 0o644), os.WriteFile(filepath.Join(dir, "memtest"), fixed, 0o644), os.WriteFile(filepath.Join(dir, "vmlinuz-arm64"), arm, 0o644))
}
