package host

import (
	"bytes"
	"os"
	"runtime"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Distribution is what this host runs, as os-release(5) says, and on what.
func Distribution() (d route.Distribution) {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if b, err := os.ReadFile(path); err == nil {
			d = readDistribution(b)
			break
		}
	}
	d.Arch, _ = boot.ParseArch(runtime.GOARCH) // empty where no machine boots by it, as with s390x
	return d
}

// readDistribution reads an os-release file; the zero value is for a distribution
// whose packages aren't known.
func readDistribution(b []byte) route.Distribution {
	fields := map[string]string{}
	for line := range bytes.Lines(b) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
		fields[key] = strings.Trim(value, `"'`)
	}
	for _, id := range strings.Fields(fields["ID"] + " " + fields["ID_LIKE"]) {
		if family, ok := familyOf(id); ok {
			return route.Distribution{Name: fields["NAME"], Family: family}
		}
	}
	return route.Distribution{}
}

// familyOf is the family of a distribution by its ID, or by one that it is like.
func familyOf(id string) (route.Family, bool) {
	switch id {
	case "debian", "ubuntu":
		return route.Debian, true
	case "fedora", "rhel", "centos":
		return route.Fedora, true
	case "arch":
		return route.Arch, true
	case "alpine":
		return route.Alpine, true
	case "opensuse", "suse", "opensuse-tumbleweed", "opensuse-leap":
		return route.OpenSUSE, true
	}
	return "", false
}

// LoaderPackages says where this host gets iPXE from.
func LoaderPackages() string { return Distribution().Has(route.KindIPXE, boot.X64) }
