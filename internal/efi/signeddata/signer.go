package signeddata

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"
)

// The lengths of RSA keys in bits: what is shorter firmware may refuse, and what is
// longer takes too long to check when it is a stranger's.
const (
	shortestKey = 2048
	longestKey  = 8192
)

// Signer is a key that signs, with its certificate.
type Signer struct {
	Certificate *x509.Certificate
	key         crypto.Signer
}

// NewSigner checks that a key and a certificate belong together and are of use to
// firmware. Firmware itself doesn't look at the time; a certificate that isn't
// valid now is refused because tools and people do.
func NewSigner(key crypto.Signer, certificate *x509.Certificate, now time.Time) (*Signer, error) {
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	switch {
	case !ok:
		return nil, fmt.Errorf("the certificate %q has a key of kind %s; UEFI takes RSA only", Name(certificate), certificate.PublicKeyAlgorithm)
	case now.After(certificate.NotAfter):
		return nil, fmt.Errorf("the certificate %q expired at %s", Name(certificate), certificate.NotAfter.UTC().Format(time.DateTime))
	case now.Before(certificate.NotBefore):
		return nil, fmt.Errorf("the certificate %q is valid from %s on only", Name(certificate), certificate.NotBefore.UTC().Format(time.DateTime))
	case public.N.BitLen() < shortestKey || public.N.BitLen() > longestKey:
		return nil, fmt.Errorf("the certificate %q has an RSA key of %d bits; %d to %d are taken", Name(certificate), public.N.BitLen(), shortestKey, longestKey)
	case !public.Equal(key.Public()):
		return nil, fmt.Errorf("the key isn't that of the certificate %q", Name(certificate))
	}
	return &Signer{certificate, key}, nil
}

// Name is a certificate's common name, or all of its subject where there is none.
func Name(c *x509.Certificate) string { return nameOf(c.Subject) }

// IssuerName is that of who issued a certificate.
func IssuerName(c *x509.Certificate) string { return nameOf(c.Issuer) }

func nameOf(n pkix.Name) string {
	if n.CommonName != "" {
		return n.CommonName
	}
	return n.String()
}
