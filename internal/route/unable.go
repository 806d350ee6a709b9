package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// unableIPXE says why the iPXE that speaks can't start a form, or "". An NBP is what
// it is a ROM for.
func unableIPXE(c boot.Client, form Form) string {
	switch {
	case form == MenuForm && !c.Features.Has(boot.CanMenu):
		return "this iPXE says that it has no menus"
	case form == MenuForm, form == InquiryForm, form == LocalForm:
		return "" // what it can start, each item says
	case c.Firmware == boot.BIOS && slices.Contains([]Form{NBPForm, FolderForm}, form):
		return ""
	case form == MultibootForm && c.Features.Has(boot.CanMultiboot):
		return ""
	case form == MultibootForm:
		return "this iPXE says that it cannot start a Multiboot kernel"
	case c.Firmware == boot.BIOS && !c.Features.Has(boot.CanBzImage):
		return "this iPXE says that it cannot start a Linux kernel (it lacks bzImage)"
	case c.Firmware == boot.UEFI && !c.Features.Has(boot.CanEFI):
		return "this iPXE says that it cannot start EFI applications"
	}
	return ""
}

// unspeakable says what of a kernel's command line, or of what is said of its modules,
// GRUB can't say, or "".
func unspeakable(_ boot.Client, p boot.Payload) string {
	url := func(boot.File) string { return "http://192.0.2.1/" }
	var texts []string
	switch content := p.Content.(type) {
	case boot.Linux:
		texts = []string{content.Cmdline.Expand(url, "http://192.0.2.1/")}
	case boot.Multiboot:
		texts = content.Texts(url, "http://192.0.2.1/")
	}
	for _, text := range texts {
		if _, err := boot.KernelWords(text); err != nil {
			return fmt.Sprintf("%s can't be started by GRUB: %s", p.Title(), err)
		}
	}
	return ""
}

// unspeakableByGPXE says what of a kernel's command line gPXE can't say, or "". It joins
// the words of a command by single blanks (gPXE, imgfill_cmdline in its
// src/hci/commands/image_cmd.c), and has nothing by which to write more of them.
func unspeakableByGPXE(_ boot.Client, p boot.Payload) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return ""
	}
	url := func(boot.File) string { return "http://192.0.2.1/" }
	line := strings.TrimSpace(linux.Cmdline.Expand(url, "http://192.0.2.1/"))
	if strings.Contains(line, `"`) && strings.Join(strings.Fields(line), " ") != line {
		return fmt.Sprintf("%s can't be started by gPXE: its command line has quotes and several blanks in a row, of which gPXE makes one", linux.Title())
	}
	return ""
}

// noMixedMode says that iPXE starts a kernel as firmware would, for which the kernel
// must be of the firmware's own architecture; "" where it is.
func noMixedMode(c boot.Client, p boot.Payload) string {
	if l, ok := p.Content.(boot.Linux); ok && mixed(c, l) {
		return fmt.Sprintf("%s is a 64-bit kernel, which iPXE of 32 bits can't start", l.Title())
	}
	return ""
}
