package loader

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// UBootConfig writes the configuration that pxe get looks for, in U-Boot's dialect of
// PXELINUX's (boot/pxe_utils.c). folder is put before each name, which U-Boot joins to
// the folder of its boot file; it ends in a slash, or is empty. scripted: the script
// has set the kernel's arguments.
//
// The words menu, prompt and menu title would have it wait for a key.
func UBootConfig(c boot.Client, p boot.Payload, folder string, scripted bool, urls URLs) string {
	linux, ok := p.Content.(boot.Linux)
	if !ok {
		return TroubleUBootConfig(c, fmt.Errorf("U-Boot starts %s by its script, and by a configuration it starts kernels alone", p.Title()))
	}
	cmdline := linux.Cmdline.Expand(urls.File, urls.Beacon)
	if err := boot.UBootSays(cmdline); err != nil {
		return TroubleUBootConfig(c, err)
	}
	lines := []string{
		uBootComment("Spur boots " + p.Title() + " on " + c.MAC.String()),
		"default spur", "timeout 1",
		"label spur",
		"kernel " + folder + route.UBootKernel,
	}
	if len(linux.Initrds) > 0 {
		lines = append(lines, "initrd "+folder+route.UBootInitrd)
	}
	switch {
	case linux.DeviceTree != (boot.File{}):
		lines = append(lines, "fdt "+folder+route.DeviceTrees+"/"+linux.DeviceTree.Base())
	case len(linux.DeviceTrees) > 0: // U-Boot adds the name of the board's, and without it takes its own
		lines = append(lines, "fdtdir "+folder+route.DeviceTrees)
	}
	if cmdline = strings.TrimSpace(cmdline); cmdline != "" && !scripted {
		// Its variables are expanded, but for a dollar with a backslash before it
		// (process_macros in common/cli_simple.c).
		lines = append(lines, "append "+strings.ReplaceAll(cmdline, "$", `\$`))
	}
	return strings.Join(lines, "\n") + "\n"
}

// TroubleUBootConfig is a configuration with nothing to boot. U-Boot shows no more
// than that, and goes on to its next way.
func TroubleUBootConfig(c boot.Client, why error) string {
	return uBootComment("Spur has nothing to boot for "+c.MAC.String()+": "+why.Error()) + "\n"
}

func uBootComment(text string) string {
	return "# " + onlyPrintable(strings.Join(strings.Fields(text), " "))
}
