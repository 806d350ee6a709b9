package loader

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// RAMDiskConfig writes what Spur's RAM-disk program is told (loader/ramdisk,
// instructions.c): lines of a word, a blank and the rest.
func RAMDiskConfig(c boot.Client, p boot.Payload, urls URLs) string {
	disk, ok := p.Content.(boot.Disk)
	if !ok {
		return TroubleRAMDiskConfig(c, fmt.Errorf("a RAM-disk program cannot bring %s", p.Title()), false)
	}
	kind := "disk"
	if disk.Layout == boot.LayoutISO {
		kind = "cd"
	}
	text := fmt.Sprintf("title %s\nsize %d\ntype %s\n", told(p.Title()), disk.Bytes, kind)
	for line := range strings.SplitSeq(strings.TrimSpace(p.Message), "\n") {
		if line = told(line); line != "" {
			text += "message " + line + "\n"
		}
	}
	if urls.Disk != "" {
		text += "http " + urls.Disk + "\n"
	}
	return text + "tftp " + urls.BootFile + "\n"
}

// TroubleRAMDiskConfig tells the person in front of the machine why it gets nothing. The
// firmware goes on to its next boot option.
func TroubleRAMDiskConfig(_ boot.Client, why error, _ bool) string {
	return "trouble " + told(why.Error()) + "\n"
}

// told makes any text one line of what the program takes.
func told(text string) string {
	text = onlyPrintable(strings.Join(strings.Fields(text), " "))
	return strings.ToValidUTF8(text[:min(len(text), saidMost)], "")
}
