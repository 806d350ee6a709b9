package signeddata

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
)

// Enclose signs a content, which is one DER value of that type, and returns a
// ContentInfo of type SignedData around it. As RFC 2315 section 9.3 has it, the
// signature is made over attributes with the hash of the content's bytes, its own
// tag and length left out.
func (s *Signer) Enclose(contentType asn1.ObjectIdentifier, content []byte) ([]byte, error) {
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(content, &value)
	if err != nil {
		return nil, fmt.Errorf("the content to be signed is no DER value: %w", err)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("behind the content to be signed are %d more bytes", len(rest))
	}
	attributes, err := attributesFor(contentType, value.Bytes)
	if err != nil {
		return nil, err
	}
	signer, err := s.signer(setOf(attributes))
	if err != nil {
		return nil, err
	}
	signer.Authenticated = explicit(attributes)
	der, err := s.signedData(contentInfo{contentType, explicit(content)}, signer)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(contentInfo{oidSignedData(), explicit(der)})
}

// Detach signs data that stay outside, and returns a SignedData without attributes
// and without ContentInfo around it: the form of UEFI 2.10 section 8.2.2.
func (s *Signer) Detach(data []byte) ([]byte, error) {
	signer, err := s.signer(data)
	if err != nil {
		return nil, err
	}
	return s.signedData(contentInfo{Type: oidData()}, signer)
}

// attributesFor are the two attributes that a signature of a content has, in the
// order of DER's sets.
func attributesFor(contentType asn1.ObjectIdentifier, value []byte) ([]byte, error) {
	kind, err := asn1.Marshal(contentType)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(value)
	digest, err := asn1.Marshal(sum[:])
	if err != nil {
		return nil, err
	}
	var encoded []byte
	for _, a := range []attribute{
		{oidContentType(), []asn1.RawValue{{FullBytes: kind}}},
		{oidMessageDigest(), []asn1.RawValue{{FullBytes: digest}}},
	} {
		der, err := asn1.Marshal(a)
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, der...)
	}
	return encoded, nil
}

// setOf is the encoding of attributes that is signed: a SET, not the [0] that they
// are in (RFC 2315 section 9.3).
func setOf(attributes []byte) []byte {
	der, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: attributes})
	if err != nil {
		return nil // a value of bytes always has an encoding
	}
	return der
}

// signer signs a message.
func (s *Signer) signer(message []byte) (signerInfo, error) {
	sum := sha256.Sum256(message)
	signature, err := s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return signerInfo{}, fmt.Errorf("the key doesn't sign: %w", err)
	}
	return signerInfo{
		Version:         1,
		Certificate:     issuerAndSerial{asn1.RawValue{FullBytes: s.Certificate.RawIssuer}, s.Certificate.SerialNumber},
		DigestAlgorithm: SHA256(),
		Algorithm:       pkix.AlgorithmIdentifier{Algorithm: oidRSA(), Parameters: asn1.NullRawValue},
		Signature:       signature,
	}, nil
}

func (s *Signer) signedData(content contentInfo, signer signerInfo) ([]byte, error) {
	return asn1.Marshal(signedData{
		Version:      1,
		Algorithms:   []pkix.AlgorithmIdentifier{SHA256()},
		Content:      content,
		Certificates: explicit(slices.Clone(s.Certificate.Raw)),
		Signers:      []signerInfo{signer},
	})
}
