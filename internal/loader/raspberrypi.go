package loader

import (
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// RPiConfig writes config.txt, by which a Raspberry Pi's firmware loads a kernel and
// its initrds. With upstream_kernel it asks for the device trees of a 3 by the names
// that Linux has for them, not by those of Raspberry Pi's own kernel.
func RPiConfig(c boot.Client, l boot.Linux) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	line("# Spur boots " + onlyPrintable(l.Title()) + " on " + c.MAC.String() + ".")
	line("arm_64bit=1")
	line("enable_uart=1")
	if slices.ContainsFunc(l.DeviceTrees, func(f boot.File) bool { return strings.HasPrefix(f.Base(), "bcm2837-") }) {
		line("upstream_kernel=1")
	}
	line("kernel=" + route.RPiKernel)
	if len(l.Initrds) > 0 {
		line("initramfs " + route.RPiInitrd + " followkernel")
	}
	return b.String()
}

// RPiCmdline writes cmdline.txt, of which the firmware reads one line.
func RPiCmdline(l boot.Linux, urls URLs) string {
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(l.Cmdline.Expand(urls.File, urls.Beacon)) + "\n"
}
