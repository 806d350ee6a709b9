package loader

import (
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// xenScript has iPXE start Xen's program for UEFI. That finds what it reads in the file
// system that iPXE makes of what it has loaded, by the names here (efi_file.c in its
// src/interface/efi), and its configuration by its own name.
func xenScript(c boot.Client, p boot.Payload, x boot.Xen, urls URLs) string {
	loads := []string{"kernel --name xen.efi " + urls.Kernel, "initrd --name xen.cfg " + urls.Config}
	for i, f := range x.Beside() {
		loads = append(loads, "initrd --name "+f.Key+" "+urls.Initrds[i])
	}
	urls.Initrds = nil // named above
	return retried(c, p, nil, "", strings.Join(loads, " || goto failed\n"), urls)
}

// XenConfig is what Xen's program for UEFI reads (docs/misc/efi.pandoc): its own command
// line, and the files that it loads, which are called by their keys. Who ends a line ends
// a value, and # begins a comment wherever it stands (pre_parse in xen/common/efi/boot.c):
// whoever takes in the texts has refused that.
func XenConfig(x boot.Xen, urls URLs) string {
	line := func(key, value string) string { return strings.TrimSpace(key+"="+value) + "\n" }
	text := "[global]\ndefault=xen\n\n[xen]\n" + line("options", x.Options.Expand(urls.File, urls.Beacon))
	for _, f := range x.Beside() {
		value := f.Key
		if f.Key == "kernel" {
			value += " " + x.Kernel.Text.Expand(urls.File, urls.Beacon)
		}
		text += line(f.Key, value)
	}
	return text
}
