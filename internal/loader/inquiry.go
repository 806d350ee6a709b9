package loader

import "strings"

// SerialScript has iPXE ask for the same script again and tell its machine's serial number
// (iPXE: the setting serial of interface/smbios/smbios_settings.c) under a key.
func SerialScript(key string) string {
	return "#!ipxe\n" +
		"chain --replace --autofree boot.ipxe?" + key + "=${serial:uristring} ||\n" +
		again
}

// OnwardScript leads iPXE to what its machine boots.
func OnwardScript(title string, e MenuEntry) string {
	return "#!ipxe\n" +
		"echo Spur boots " + echoed(title) + "\n" +
		strings.Join(e.ipxe(), "\n") + "\n" +
		":failed\n" +
		again
}

// again has iPXE begin anew where that failed.
const again = "echo Spur: that did not load. The reason is in the lines above. Trying again in 10 seconds.\n" +
	"sleep 10\n" +
	"chain --replace --autofree ${cwuri}\n"
