package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// packageOf says which Debian package brings a program.
func packageOf(program string) string {
	packages := map[string]string{
		"busybox":   "busybox-static",
		"dhclient":  "isc-dhcp-client",
		"dhcrelay":  "isc-dhcp-relay",
		"dnsmasq":   "dnsmasq-base",
		"e2fsck":    "e2fsprogs",
		"ip":        "iproute2",
		"iscsiadm":  "open-iscsi",
		"iscsid":    "open-iscsi",
		"kea-dhcp4": "kea-dhcp4-server",
		"kea-dhcp6": "kea-dhcp6-server",
		"xz":        "xz-utils",
	}
	if p, ok := packages[program]; ok {
		return p
	}
	return program
}

// A MissingError says that something of a Debian package is not there.
type MissingError struct {
	What    string // a program or a file
	Package string // the Debian package that has it
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is missing: install the Debian package %s (scripts/install test)", e.What, e.Package)
}

// tool finds a program, also where a user's PATH doesn't look.
func tool(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/bin", "/bin"} {
		if path := filepath.Join(dir, name); isFile(path) {
			return path, nil
		}
	}
	return "", &MissingError{What: name, Package: packageOf(name)}
}

// file checks that a file of a package is there.
func file(path, pkg string) (string, error) {
	if !isFile(path) {
		return "", &MissingError{What: path, Package: pkg}
	}
	return path, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
