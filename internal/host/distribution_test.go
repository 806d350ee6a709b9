package host

import (
	"testing"

	"github.com/spurboot/spur/internal/route"
)

func TestReadDistribution(t *testing.T) {
	for text, want := range map[string]route.Distribution{
		"NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n":                                {Name: "Ubuntu", Family: route.Debian},
		"NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n":        {Name: "Rocky Linux", Family: route.Fedora},
		"NAME=\"Arch Linux\"\nID=arch\n":                                              {Name: "Arch Linux", Family: route.Arch},
		"NAME='openSUSE Tumbleweed'\nID=opensuse-tumbleweed\nID_LIKE='opensuse suse'": {Name: "openSUSE Tumbleweed", Family: route.OpenSUSE},
		"NAME=\"Alpine Linux\"\nID=alpine\n":                                          {Name: "Alpine Linux", Family: route.Alpine},
		"NAME=NixOS\nID=nixos\n":                                                      {},
		"":                                                                            {},
	} {
		if got := readDistribution([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
