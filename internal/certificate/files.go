package certificate

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Files is a certificate of the operator's, with those of its issuers behind it.
type Files struct {
	certificate *tls.Certificate
	path        string
}

// FromFiles reads a certificate and its key, both in PEM, and refuses what no
// machine would take. The error says which file is wrong.
func FromFiles(certificate, key string, now time.Time) (*Files, error) {
	certPEM, err := readSmall(certificate)
	if err != nil {
		return nil, err
	}
	keyPEM, err := readSmall(key)
	if err != nil {
		return nil, err
	}
	c, err := parse(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", certificate, key, err)
	}
	if err := usable(c.Leaf, now); err != nil {
		return nil, fmt.Errorf("%s %w", certificate, err)
	}
	return &Files{c, certificate}, nil
}

// parse reads a certificate and its key.
func parse(certPEM, keyPEM []byte) (*tls.Certificate, error) {
	if locked(keyPEM) {
		return nil, errors.New("the key has a passphrase, which Spur can't ask for; write it without one by openssl pkey")
	}
	c, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "tls: "))
	}
	if c.Leaf == nil {
		c.Leaf, err = x509.ParseCertificate(c.Certificate[0])
	}
	return &c, err
}

// locked tells whether a key is encrypted (RFC 5958 section 3, and RFC 1421 as
// OpenSSL uses it).
func locked(keyPEM []byte) bool {
	for block, rest := pem.Decode(keyPEM); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
	}
	return false
}

// usable refuses what no machine takes.
func usable(c *x509.Certificate, now time.Time) error {
	switch {
	case now.After(c.NotAfter):
		return fmt.Errorf("has expired on %s", c.NotAfter.Format(time.DateOnly))
	case now.Before(c.NotBefore):
		return fmt.Errorf("is not valid before %s, and here it is %s", c.NotBefore.Format(time.DateOnly), now.Format(time.DateOnly))
	case len(c.DNSNames) == 0 && len(c.IPAddresses) == 0:
		return errors.New("has no name or address for which it is (subject alternative name)")
	}
	return nil
}

// Get is the certificate.
func (f *Files) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.certificate, nil }

// Host is the address where the certificate has it, else a name that it has.
func (f *Files) Host(server netip.Addr) string {
	return hostOf(f.certificate.Leaf, server)
}

func hostOf(c *x509.Certificate, server netip.Addr) string {
	if has(c, server) {
		return server.String()
	}
	for _, name := range c.DNSNames {
		if !strings.HasPrefix(name, "*") {
			return name
		}
	}
	return server.String()
}

// Warnings say what some machines will not take.
func (f *Files) Warnings(now time.Time) []string {
	var all []string
	c := f.certificate.Leaf
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			all = append(all, fmt.Sprintf("the key of %s has %d bits, and firmware takes 2048 or more", f.path, key.N.BitLen()))
		}
	default:
		all = append(all, fmt.Sprintf("%s has a key of elliptic curves (%s), and most UEFI firmware takes RSA alone; have one issued with an RSA key of 2048 bits", f.path, c.PublicKeyAlgorithm))
	}
	if left := c.NotAfter.Sub(now); left < renewWhile/2 {
		all = append(all, fmt.Sprintf("%s expires on %s; start Spur anew with the next one", f.path, c.NotAfter.Format(time.DateOnly)))
	}
	return all
}

// Unnamed tells that the certificate has neither an address nor a name by which
// clients could call the server there.
func (f *Files) Unnamed(server netip.Addr) bool {
	return f.certificate.Leaf.VerifyHostname(f.Host(server)) != nil
}
