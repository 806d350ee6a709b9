package route

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// withoutLoader is the name by which people ask for no loader: the firmware itself.
const withoutLoader = "none"

// LoaderNames are the names by which people ask for a loader.
func LoaderNames() []string {
	return []string{
		string(boot.IPXE), string(boot.GRUB), string(boot.PXELINUX), string(boot.Syslinux), string(boot.GRUBLegacy), withoutLoader,
	}
}

// LoaderNamed is the loader that one of LoaderNames stands for.
func LoaderNamed(name string) (boot.Loader, bool) {
	if name == withoutLoader {
		return boot.ROM, true
	}
	return boot.Loader(name), slices.Contains(LoaderNames(), name)
}

// notAsked says that somebody asked for another loader than an entry's, or "".
func (h Host) notAsked(e Entry) string {
	if h.Loader == "" || h.Loader == e.Loader {
		return ""
	}
	return h.asked() + " was asked for"
}

// asked is how the loader was asked for.
func (h Host) asked() string {
	if h.Loader == boot.ROM {
		return "--loader " + withoutLoader
	}
	return "--loader " + string(h.Loader)
}
