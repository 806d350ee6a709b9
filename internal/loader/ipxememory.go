package loader

import "strings"

// tellingMemory has a URL of a kernel tell how much memory the machine has, with lines
// that come before: as SMBIOS has it of the first modules of memory and of one more, which
// shows whether those are all (internal/identify, MemoryQuery). iPXE's own setting of
// that, memsize, is left out of the builds of most distributions. TFTP has no queries.
func tellingMemory(url string) (told string, before []string) {
	if !strings.HasPrefix(url, "http") || strings.Contains(url, "?") {
		return url, nil
	}
	return url + "?memory=${memory}", []string{
		"set memory ${smbios/0.17.12.2:hexraw},${smbios/1.17.12.2:hexraw},${smbios/2.17.12.2:hexraw},${smbios/3.17.12.2:hexraw},${smbios/4.17.12.2:hexraw}",
	}
}
