package loader

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// GRUBMenu writes the configuration by which GRUB draws a menu. What boots an entry is a
// configuration of its own. In text mode GRUB shows no prompt.
func GRUBMenu(m Menu) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	wait := -1
	if m.Timeout >= 0 && m.Default != "" {
		wait = int(m.Timeout.Seconds())
	}
	top := m.levels()
	line(fmt.Sprintf("set timeout=%d", wait))
	line("set default=" + grubQuote(strings.Join(top.pathTo(m.Default), ">")))
	grubLevel(line, top, "")
	if m.Hidden != "" {
		line("menuentry " + grubQuote(grubText(m.Hidden)) + " { true }")
	}
	return b.String()
}

// grubLevel writes one menu, and those below it.
func grubLevel(line func(string), l *level, indent string) {
	keys := l.keys("ce") // these have GRUB edit an entry, and show its command line
	head := func(command string, i int, title, id string) string {
		words := indent + command + " " + grubQuote(grubText(keyed(keys[i], title))) + " --id " + grubQuote(id)
		if keys[i] != "" {
			words += " --hotkey " + keys[i]
		}
		return words + " {"
	}
	for i, below := range l.below {
		line(head("submenu", i, below.title, grubID(below)))
		grubLevel(line, below, indent+"  ")
		line(indent + "}")
	}
	for i, e := range l.entries {
		line(head("menuentry", i+len(l.below), e.Title, e.ID))
		line(indent + "  " + grubCommand("configfile", grubFile(e.URL)))
		line(indent + "}")
	}
}

// grubID is the ID of a menu below another one: ">" stands between IDs.
func grubID(l *level) string { return strings.ReplaceAll(l.name, ">", "_") }

// pathTo are the IDs that lead to an entry: those of the menus that it is in, and its own.
func (l *level) pathTo(id string) []string {
	for _, e := range l.entries {
		if e.ID == id {
			return []string{id}
		}
	}
	for _, below := range l.below {
		if below.holds(id) {
			return append([]string{grubID(below)}, below.pathTo(id)...)
		}
	}
	return nil
}

// localGRUB has GRUB start the machine's own disk. UEFI firmware doesn't go on to its next
// boot option when GRUB leaves, which it takes for a success (grub_exit in GRUB 2.12,
// kern/efi/init.c); so GRUB looks for what systems have on a disk, the newest build of
// GRUB that leaves with a failure aside.
func localGRUB(c boot.Client) string {
	text := grubEcho("Spur leaves "+c.MAC.String()+" to its own disk") + "\n"
	if c.Firmware == boot.BIOS {
		return text + "if chainloader (hd0)+1; then\nset root=(hd0)\nboot\nfi\nexit\n"
	}
	text += "for file in " + strings.Join(loadersOnDisks(c.Arch), " ") + "; do\n"
	// What is started is told that it comes from the device of root, whatever the path says
	// (grub_cmd_chainloader, loader/efi/chainloader.c), and looks for its own files there.
	return text + "if search --no-floppy --set=root --file $file; then\n" +
		"if chainloader ($root)$file; then\nboot\nfi\nfi\ndone\nexit 1\n"
}

// loadersOnDisks are the files by which systems are started from a disk, by their
// vendors' folders (uefi.org's registry of subdirectories), and last the one that
// firmware itself looks for (UEFI 2.10 section 3.5.1.1).
func loadersOnDisks(arch boot.Arch) []string {
	suffix, ok := map[boot.Arch]string{boot.X64: "x64", boot.ARM64: "aa64", boot.X86: "ia32", boot.RISCV64: "riscv64", boot.LOONG64: "loongarch64", boot.ARM: "arm"}[arch]
	if !ok {
		suffix = "x64"
	}
	files := []string{"/EFI/Microsoft/Boot/bootmgfw.efi"}
	for _, vendor := range []string{"debian", "ubuntu", "fedora", "redhat", "centos", "rocky", "almalinux", "opensuse", "sles"} {
		files = append(files, "/EFI/"+vendor+"/shim"+suffix+".efi")
	}
	return append(files, "/EFI/systemd/systemd-boot"+suffix+".efi", "/EFI/BOOT/BOOT"+strings.ToUpper(suffix)+".EFI")
}
