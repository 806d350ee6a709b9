package loader

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// PXELINUXMenu writes the configuration by which PXELINUX, or syslinux.efi, lets people
// choose at its prompt, by numbers: of its modules that draw menus none is needed. What
// boots an entry is a configuration of its own.
func PXELINUXMenu(m Menu) string {
	var b strings.Builder
	b.WriteString(say(m.Prompt))
	chosen := 0
	for n, e := range m.Entries {
		b.WriteString(say(fmt.Sprintf("%d. %s", n+1, path.Join(e.Group, strings.ReplaceAll(e.Title, "/", "_")))))
		if e.ID == m.Default {
			chosen = n + 1
		}
	}
	b.WriteString(say(m.Hidden))
	b.WriteString(say("Type a number and press Enter."))
	b.WriteString("PROMPT 1\n")
	if chosen > 0 {
		fmt.Fprintf(&b, "DEFAULT %d\n", chosen)
	}
	if m.Timeout >= 0 && chosen > 0 {
		fmt.Fprintf(&b, "TIMEOUT %d\n", cmp.Or(int(m.Timeout.Seconds()*10), 1)) // in tenths of a second; 0 is none
	}
	for n, e := range m.Entries {
		fmt.Fprintf(&b, "LABEL %d\nCONFIG %s\n", n+1, pxelinuxFile(e.URL))
	}
	return b.String()
}

// localPXELINUX has PXELINUX leave the machine to its disk: with -1 it tells a BIOS that
// it has failed (LOCALBOOT in doc/syslinux.txt), and UEFI firmware likewise (local_boot in
// efi/main.c), so that both go on to their next boot device.
func localPXELINUX(c boot.Client) string {
	return say("Spur leaves "+c.MAC.String()+" to its own disk") + "DEFAULT local\nLABEL local\nLOCALBOOT -1\n"
}
