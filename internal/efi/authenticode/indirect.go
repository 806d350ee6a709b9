package authenticode

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/spurboot/spur/internal/efi/signeddata"
)

// indirectData is SpcIndirectDataContent, what a signature is about: a hash, and
// that it is one of a PE file.
type indirectData struct {
	Data   typeAndValue
	Digest digestInfo
}

type typeAndValue struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"optional"`
}

type digestInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

// peImage is SpcPeImageData: no flags, and a link to an empty name, which nobody
// reads.
type peImage struct {
	Flags asn1.BitString
	File  asn1.RawValue
}

func oidIndirectData() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 4}
}

func oidPEImage() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 15}
}

// contentFor is the DER that a signature of a file with this hash is about.
func contentFor(digest []byte) ([]byte, error) {
	// file [0] { [2] { [0] "" } }
	link := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: []byte{0xa2, 2, 0x80, 0}}
	image, err := asn1.Marshal(peImage{File: link})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(indirectData{
		typeAndValue{oidPEImage(), asn1.RawValue{FullBytes: image}},
		digestInfo{signeddata.SHA256(), digest},
	})
}

// digestIn is the hash that a signature is about.
func digestIn(s *signeddata.SignedData) ([]byte, error) {
	if !s.ContentType.Equal(oidIndirectData()) || s.Content == nil {
		return nil, errors.New("it is not the signature of an EFI binary")
	}
	var content indirectData
	if _, err := asn1.Unmarshal(s.Content, &content); err != nil {
		return nil, fmt.Errorf("it doesn't say what it is about: %w", err)
	}
	if algorithm := content.Digest.Algorithm.Algorithm; !algorithm.Equal(signeddata.OIDSHA256()) {
		return nil, fmt.Errorf("its hash %s is not SHA-256", algorithm)
	}
	return content.Digest.Digest, nil
}
