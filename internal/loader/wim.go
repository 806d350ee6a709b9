package loader

import (
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// wimScript has iPXE start wimboot with the files of an image of Windows PE. On a BIOS
// wimboot knows them by what follows their URL, of which iPXE makes the name of a member of
// an initrd (cpio_name in its core/cpio.c), and on UEFI by --name, under which they are in
// iPXE's file system (efi_file.c).
func wimScript(c boot.Client, p boot.Payload, w boot.WIM, urls URLs) string {
	loads := []string{strings.TrimSpace("kernel --name wimboot " + urls.Kernel + " " + w.Arguments)}
	for i, f := range w.For(c) {
		loads = append(loads, "initrd --name "+f.Name+" "+urls.Initrds[i]+" "+f.Name)
	}
	urls.Initrds = nil // named above
	return retried(c, p, nil, "", strings.Join(loads, " || goto failed\n"), urls)
}
