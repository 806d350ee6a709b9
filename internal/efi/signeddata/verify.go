package signeddata

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
)

// Verify tells whether the signer's certificate has signed the content, or
// detached data where that is elsewhere. Who vouches for the certificate is
// [SignedData.Anchor]'s affair.
func (s *SignedData) Verify(detached []byte) error {
	hash, err := hashOf(s.info.DigestAlgorithm.Algorithm)
	if err != nil {
		return err
	}
	data := detached
	if s.Content != nil {
		var value asn1.RawValue
		if err := unmarshal(s.Content, &value); err != nil {
			return fmt.Errorf("its content can't be read: %w", err)
		}
		data = value.Bytes
	}
	message := data
	if attributes := s.info.Authenticated.Bytes; len(attributes) > 0 {
		if err := s.checkAttributes(attributes, hash, data); err != nil {
			return err
		}
		message = setOf(attributes)
	}
	key, err := rsaKey(s.Signer)
	if err != nil {
		return err
	}
	if rsa.VerifyPKCS1v15(key, hash, sum(hash, message), s.info.Signature) != nil {
		return fmt.Errorf("it wasn't made with the key of the certificate %q", Name(s.Signer))
	}
	return nil
}

// checkAttributes looks whether the attributes, which are what is signed, are about
// the content.
func (s *SignedData) checkAttributes(der []byte, hash crypto.Hash, data []byte) error {
	digest, err := asn1.Marshal(sum(hash, data))
	if err != nil {
		return err
	}
	kind, err := asn1.Marshal(s.ContentType)
	if err != nil {
		return err
	}
	found := 0
	for len(der) > 0 {
		var a attribute
		if der, err = asn1.Unmarshal(der, &a); err != nil {
			return fmt.Errorf("its attributes can't be read: %w", err)
		}
		want, is := digest, a.Type.Equal(oidMessageDigest())
		if a.Type.Equal(oidContentType()) {
			want, is = kind, true
		}
		if !is {
			continue
		}
		if len(a.Values) != 1 || !bytes.Equal(a.Values[0].FullBytes, want) {
			return errors.New("it is about another content than it has")
		}
		found++
	}
	if found != 2 {
		return errors.New("it doesn't say what it is about")
	}
	return nil
}

// Anchor is the first of these certificates that is the signer's, or has issued it,
// directly or by others that came with it; nil if none has. Firmware takes each
// certificate of its database as such an anchor, whether it is a root or not, and
// looks at no dates (edk2, BaseCryptLib, Pkcs7Verify).
func (s *SignedData) Anchor(anchors []*x509.Certificate) *x509.Certificate {
	c := s.Signer
	for range len(s.Certificates) + 1 {
		for _, a := range anchors {
			if a.Equal(c) || issued(a, c) {
				return a
			}
		}
		next := issuer(s.Certificates, c)
		if next == nil {
			return nil
		}
		c = next
	}
	return nil
}

func issuer(among []*x509.Certificate, c *x509.Certificate) *x509.Certificate {
	for _, candidate := range among {
		if !candidate.Equal(c) && issued(candidate, c) {
			return candidate
		}
	}
	return nil
}

// issued tells whether a certificate was signed with another's key.
func issued(by, c *x509.Certificate) bool {
	if !bytes.Equal(by.RawSubject, c.RawIssuer) {
		return false
	}
	if _, err := rsaKey(by); err != nil {
		return false
	}
	return by.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// rsaKey is a certificate's key, if checking with it takes no undue time.
func rsaKey(c *x509.Certificate) (*rsa.PublicKey, error) {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	switch {
	case !ok:
		return nil, fmt.Errorf("the certificate %q has a key of kind %s; UEFI takes RSA only", Name(c), c.PublicKeyAlgorithm)
	case key.N.BitLen() > longestKey:
		return nil, fmt.Errorf("the certificate %q has an RSA key of %d bits; at most %d are checked", Name(c), key.N.BitLen(), longestKey)
	}
	return key, nil
}

func hashOf(algorithm asn1.ObjectIdentifier) (crypto.Hash, error) {
	switch algorithm.String() {
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, nil
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, nil
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("its hash %s is none of SHA-2", algorithm)
}

func sum(hash crypto.Hash, b []byte) []byte {
	h := hash.New()
	h.Write(b)
	return h.Sum(nil)
}
