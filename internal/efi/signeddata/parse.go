package signeddata

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
)

// SignedData is what somebody has signed, with the certificates that came with it.
type SignedData struct {
	ContentType  asn1.ObjectIdentifier
	Content      []byte // DER; nil if it is elsewhere
	Signer       *x509.Certificate
	Certificates []*x509.Certificate // those that can be read, the signer's among them

	info signerInfo
}

// certificatesMost bounds the number of certificates in one signature.
const certificatesMost = 64

// Parse reads DER of a SignedData, with or without a ContentInfo around it. Zeros
// may follow. It must have one signer, whose certificate is in it. Whether the
// signature is right is not looked at.
func Parse(der []byte) (*SignedData, error) {
	der, err := unwrap(der)
	if err != nil {
		return nil, err
	}
	var raw signedData
	if err := unmarshal(der, &raw); err != nil {
		return nil, fmt.Errorf("it is no PKCS #7 signature: %w", err)
	}
	if len(raw.Signers) != 1 {
		return nil, fmt.Errorf("it has %d signers, not one", len(raw.Signers))
	}
	s := &SignedData{ContentType: raw.Content.Type, Content: raw.Content.Content.Bytes, info: raw.Signers[0]}
	if s.Certificates, err = certificates(raw.Certificates.Bytes); err != nil {
		return nil, err
	}
	for _, c := range s.Certificates {
		id := s.info.Certificate
		if id.Serial != nil && c.SerialNumber.Cmp(id.Serial) == 0 && bytes.Equal(c.RawIssuer, id.Issuer.FullBytes) {
			s.Signer = c
		}
	}
	if s.Signer == nil {
		return nil, errors.New("the certificate of its signer is not in it")
	}
	return s, nil
}

// unwrap takes the ContentInfo off, if there is one: a SignedData begins with a
// number, a ContentInfo with an object identifier.
func unwrap(der []byte) ([]byte, error) {
	info, enclosed := readContentInfo(der)
	if !enclosed {
		return der, nil
	}
	if !info.Type.Equal(oidSignedData()) {
		return nil, fmt.Errorf("it is PKCS #7 of type %s, no signature", info.Type)
	}
	return info.Content.Bytes, nil
}

func readContentInfo(der []byte) (info contentInfo, ok bool) {
	err := unmarshal(der, &info)
	return info, err == nil
}

// unmarshal reads one DER value, which only zeros may follow.
func unmarshal(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "asn1: "))
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		return fmt.Errorf("%d more bytes follow", len(rest))
	}
	return nil
}

// certificates reads those that follow one another. One that Go can't read is left
// out: it may be a root of former times that nobody needs here.
func certificates(der []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for n := 0; len(der) > 0; n++ {
		var raw asn1.RawValue
		rest, err := asn1.Unmarshal(der, &raw)
		if err != nil {
			return nil, fmt.Errorf("its certificates can't be read: %w", err)
		}
		if n == certificatesMost {
			return nil, fmt.Errorf("it has more than %d certificates", certificatesMost)
		}
		if c, err := x509.ParseCertificate(raw.FullBytes); err == nil {
			list = append(list, c)
		}
		der = rest
	}
	return list, nil
}
