package loader

import (
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

// menu is one with menus below it, and with titles and a prompt that are not to be taken
// for anything else.
func menu() Menu {
	return Menu{
		Prompt: "--Lab 3 ${evil} && 'both'",
		Entries: []MenuEntry{
			{ID: "item1", Title: "Debian 12", URL: "http://192.0.2.1:8080/A/boot.x"},
			{ID: "item2", Title: "debian 'old' \\ ^ $x; ö", URL: "http://192.0.2.1:8080/B/boot.x"},
			{ID: "item3", Title: "Shell", Group: "Tools/More", URL: "http://192.0.2.1:8080/C/boot.x"},
			{ID: "item4", Title: "Debug", Group: "Tools", URL: "http://192.0.2.1:8080/D/boot.x"},
		},
		Default: "item3", Timeout: 10 * time.Second, Hidden: "1 of 5 can't boot here: Windows",
	}
}

func TestIPXEMenu(t *testing.T) {
	m := menu()
	m.Entries[3].URL, m.Entries[3].Path, m.Entries[3].Server = "tftp://192.0.2.1/D/grub.0", "D/grub.0", "192.0.2.1"
	golden.File(t, "testdata/menu.ipxe", IPXEMenu(client(), m))
	bios := client()
	bios.Firmware = boot.BIOS
	golden.File(t, "testdata/local-bios.ipxe", IPXEScript(bios, boot.Payload{Content: boot.Local{}}, URLs{}))
	golden.File(t, "testdata/local-uefi.ipxe", IPXEScript(client(), boot.Payload{Content: boot.Local{}}, URLs{}))
}

func TestGRUBMenu(t *testing.T) {
	golden.File(t, "testdata/menu.grub", GRUBMenu(menu()))
	bios := client()
	bios.Firmware = boot.BIOS
	golden.File(t, "testdata/local-bios.grub", GRUBConfig(bios, boot.Payload{Content: boot.Local{}}, URLs{}))
	golden.File(t, "testdata/local-uefi.grub", GRUBConfig(client(), boot.Payload{Content: boot.Local{}}, URLs{}))
}

func TestPXELINUXMenu(t *testing.T) {
	m := menu()
	for i := range m.Entries {
		m.Entries[i].URL = "tftp://192.0.2.1/" + m.Entries[i].ID + "/pxelinux.cfg/default"
	}
	golden.File(t, "testdata/menu.pxelinux", PXELINUXMenu(m))
	golden.File(t, "testdata/local.pxelinux", PXELINUXConfig(client(), boot.Payload{Content: boot.Local{}}, URLs{}))
}
