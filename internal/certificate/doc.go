// Package certificate is where the certificate of an HTTPS server for booting
// machines comes from: from files ([FromFiles]), or from a certificate authority
// of our own ([LoadAuthority], [NewServer]) that is made on first use, and whose
// certificate the machines are given as one to trust.
//
// Firmware is narrow in what it takes: RSA, since edk2 is built without elliptic
// curves as a rule, and an address or name of ours among the certificate's names,
// which it checks.
package certificate

import (
	"crypto/tls"
	"net/netip"
)

// Source gives a server its certificate.
type Source interface {
	// Get is for [tls.Config.GetCertificate].
	Get(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Host is how clients that reach the server at an address must call it, so
	// that the certificate has that name.
	Host(server netip.Addr) string
}
