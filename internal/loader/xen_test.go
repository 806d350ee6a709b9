package loader

import (
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

// Xen is loaded under the name by which it finds its configuration, and all that this names
// under names of Spur's, whatever the user's are.
func TestXen(t *testing.T) {
	xen := boot.Xen{
		Program: boot.File{Source: "/src/xen-4.17 amd64.efi"}, Options: template(t, `console=com1 loglvl=all`),
		Kernel:  boot.Module{File: boot.File{Source: "/src/my vmlinuz"}, Text: template(t, `console=hvc0 cfg={{ ID "/srv/c" }} up={{ UP }}`)},
		Ramdisk: boot.File{Source: "/src/initrd.img"},
	}
	urls := URLs{
		Kernel: "http://10.0.0.1/X/xen-4.17%20amd64.efi", Config: "http://10.0.0.1/B/xen.cfg", Initrds: []string{"http://10.0.0.1/K/my%20vmlinuz", "http://10.0.0.1/I/initrd.img"},
		File: func(f boot.File) string { return "http://10.0.0.1/F/" + f.Base() }, Beacon: "http://10.0.0.1/B/up",
	}
	golden.File(t, "testdata/xen.ipxe", IPXEScript(client(), boot.Payload{Content: xen, Message: "Hello"}, urls))
	golden.File(t, "testdata/xen.cfg", XenConfig(xen, urls))
	alone := boot.Xen{Program: xen.Program, Kernel: boot.Module{File: boot.File{Source: "/src/vmlinuz"}}}
	golden.File(t, "testdata/xen-alone.cfg", XenConfig(alone, urls))
	alone.Policy, alone.Microcode = boot.File{Source: "/src/xenpolicy"}, boot.File{Source: "/src/intel.bin"}
	golden.File(t, "testdata/xen-others.cfg", XenConfig(alone, urls))
}
