package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// Form is what a loader is handed in the end.
type Form string

// The forms in which payloads are served.
const (
	LinuxForm  Form = "linux"  // a kernel, its initrds and a command line, as files of their own
	ScriptForm Form = "script" // an iPXE script of the operator's, and what it names
)

// FormRow is one line of the table of forms.
type FormRow struct {
	Kind boot.Kind // what the payload is
	Form Form      // what it can be served as
	// Obstacle says why this payload can't run in this form on this machine;
	// empty where it can. A machine is judged by its firmware and architecture,
	// whoever speaks.
	Obstacle func(boot.Client, boot.Payload) string
}

// Forms returns the table of forms, the best first for each kind of payload.
func Forms() []FormRow {
	return []FormRow{
		{Kind: boot.KindLinux, Form: LinuxForm, Obstacle: unfitKernel},
		{Kind: boot.KindScript, Form: ScriptForm, Obstacle: none},
	}
}

// none is the obstacle of what runs anywhere.
func none(boot.Client, boot.Payload) string { return "" }

// unfitKernel says why this machine can't run the payload's kernel, or "".
func unfitKernel(c boot.Client, p boot.Payload) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return fmt.Sprintf("%s is no Linux kernel", p.Title())
	}
	if why := foreignKernel(c, linux); why != "" {
		return why
	}
	return notForEFI(c, linux)
}

// foreignKernel says why a kernel is none for this architecture, or "". A BIOS
// machine calls itself x86 even where its processor is 64-bit.
func foreignKernel(c boot.Client, l boot.Linux) string {
	ok := l.Arch == "" || c.Arch == "" || l.Arch == c.Arch || (c.Firmware == boot.BIOS && l.Arch == boot.X64)
	if ok {
		return ""
	}
	return fmt.Sprintf("%s is a kernel for %s, the machine is %s", l.Title(), l.Arch, c.Arch)
}

// notForEFI says why UEFI firmware can't start a kernel, or "". Of what is
// compressed, only the iPXE of 64-bit ARM is built to unpack it (IMAGE_GZIP in
// its src/config/defaults/efi.h).
func notForEFI(c boot.Client, l boot.Linux) string {
	kernel := l.Abilities
	switch {
	case c.Firmware != boot.UEFI || !kernel.Known:
		return ""
	case kernel.Compression != "" && c.Arch != boot.ARM64:
		return fmt.Sprintf("%s is compressed with %s, and UEFI firmware starts no such kernel; unpack it", l.Title(), kernel.Compression)
	case !kernel.EFIStub && kernel.Compression == "":
		return fmt.Sprintf("%s has no EFI stub (CONFIG_EFI_STUB), so only a BIOS can start it", l.Title())
	}
	return ""
}
