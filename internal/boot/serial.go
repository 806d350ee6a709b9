package boot

import "strings"

// SerialMost is the longest serial number that a machine is known by, in bytes. Those of
// virtual machines of VMware have 54.
const SerialMost = 64

// ParseSerial reads a serial number that a machine tells of itself, as its SMBIOS tables
// have it; empty where it tells none, or what can be none.
func ParseSerial(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > SerialMost || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return s
}
