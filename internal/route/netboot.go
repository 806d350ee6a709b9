package route

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// BooterFile is the program that a Mac is given first.
const BooterFile = "booter"

// noBooter says why NetBoot images are none for this Mac, or "".
func noBooter(c boot.Client, p boot.Payload, host Host) string {
	images, ok := p.Content.(boot.NetBoot)
	if !ok {
		return fmt.Sprintf("%s is no NetBoot image", p.Title())
	}
	arch := c.NetBootArch()
	served := func(i boot.NetBootImage) bool { return i.Root.Source != "" }
	switch {
	case !slices.Contains(images.Archs(), arch):
		return fmt.Sprintf("%s has no booter for Macs of the architecture %s", p.Title(), arch)
	case host.WithoutHTTP && slices.ContainsFunc(images.Images, served):
		return "a Mac's kernel reads its root image over plain HTTP alone, which --http-port 0 leaves out"
	}
	return ""
}

// besideBooter says what a file is that a Mac asks for beside its booter: by the names
// of Apple's booters from Mac OS X 10.2 (mach.macosx and mach.macosx.mkext) to 10.14
// (x86_64/kernelcache, prelinkedkernel). Of all else, such as com.apple.Boot.plist and
// the root image, nothing depends on what it is.
func besideBooter(name string) File {
	f := File{Name: name, Role: Extra}
	switch base := path.Base(name); {
	case strings.HasSuffix(base, ".mkext"):
		f.Role = Initrd
	case base == "mach.macosx", strings.HasPrefix(base, "kernelcache"), strings.HasPrefix(base, "prelinkedkernel"):
		f.Role = Kernel
	}
	return f
}
