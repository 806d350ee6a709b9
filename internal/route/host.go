package route

import "github.com/spurboot/spur/internal/boot"

// Host is what routes depend on of the host that serves.
type Host struct {
	Loaders Binaries
	// Signs tells that all EFI applications that are given out get a signature by
	// the operator's own key of Secure Boot.
	Signs bool
	// HTTPS and WithoutHTTP tell by what it serves files, besides TFTP: by HTTP
	// alone where neither is set.
	HTTPS, WithoutHTTP bool
}

// unserved says why nothing can be fetched from this host by a protocol, or "".
func (h Host) unserved(v Via) string {
	switch {
	case v == HTTPS && !h.HTTPS:
		return "Spur serves no HTTPS; --https-port 443 has it do so"
	case v == HTTP && h.WithoutHTTP:
		return "Spur serves nothing over plain HTTP, by --http-port 0"
	}
	return ""
}

// unsigned tells whether an EFI application that Spur gives out as it is, has no
// signature when this machine, which wants one, gets it.
func (h Host) unsigned(c boot.Client, signed bool) bool {
	return c.SecureBoot && !h.Signs && !signed
}
