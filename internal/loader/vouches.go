package loader

import (
	"crypto/x509"
	"encoding/binary"

	"github.com/spurboot/spur/internal/efi/siglist"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

// vouches are the names of the certificates that a shim brings, so that it starts
// what they have signed: one certificate, or a list of them as firmware has (shim,
// cert.S). The section begins with the sizes of what is trusted and what is not,
// and where they begin. What can't be read vouches for nothing.
func vouches(section []byte) []string {
	if len(section) < 16 {
		return nil
	}
	size, at := uint64(binary.LittleEndian.Uint32(section)), uint64(binary.LittleEndian.Uint32(section[8:]))
	if at+size > uint64(len(section)) {
		return nil
	}
	trusted := section[at : at+size]
	if c, err := x509.ParseCertificate(trusted); err == nil {
		return []string{signeddata.Name(c)}
	}
	return listed(trusted)
}

// listed are the names of the certificates in signature lists.
func listed(lists []byte) []string {
	var names []string
	all, err := siglist.Parse(lists)
	if err != nil {
		return nil
	}
	for _, l := range all {
		if l.Type != siglist.X509() {
			continue
		}
		for _, e := range l.Entries {
			if c, err := x509.ParseCertificate(e.Data); err == nil {
				names = append(names, signeddata.Name(c))
			}
		}
	}
	return names
}
