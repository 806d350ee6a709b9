package route

import "github.com/spurboot/spur/internal/boot"

// Host is what routes depend on of the host that serves.
type Host struct {
	Loaders Binaries
	// Signs tells that all EFI applications that are given out get a signature by
	// the operator's own key of Secure Boot.
	Signs bool
}

// unsigned tells whether an EFI application that Spur gives out as it is, has no
// signature when this machine, which wants one, gets it.
func (h Host) unsigned(c boot.Client, signed bool) bool {
	return c.SecureBoot && !h.Signs && !signed
}
