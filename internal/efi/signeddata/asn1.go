package signeddata

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

// contentInfo is ContentInfo (RFC 2315 section 7).
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

// signedData is SignedData (RFC 2315 section 9.1).
type signedData struct {
	Version      int
	Algorithms   []pkix.AlgorithmIdentifier `asn1:"set"`
	Content      contentInfo
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	Revocations  asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []signerInfo  `asn1:"set"`
}

// signerInfo is SignerInfo (RFC 2315 section 9.2).
type signerInfo struct {
	Version         int
	Certificate     issuerAndSerial
	DigestAlgorithm pkix.AlgorithmIdentifier
	Authenticated   asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm       pkix.AlgorithmIdentifier
	Signature       []byte
	Unauthenticated asn1.RawValue `asn1:"optional,tag:1"`
}

// issuerAndSerial names a certificate.
type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

// attribute is an attribute of PKCS #9 with its values.
type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// The object identifiers of PKCS #1, #7 and #9, and of SHA-2.
func oidData() asn1.ObjectIdentifier        { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1} }
func oidSignedData() asn1.ObjectIdentifier  { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2} }
func oidRSA() asn1.ObjectIdentifier         { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1} }
func oidContentType() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3} }
func oidMessageDigest() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
}

// OIDSHA256 is the object identifier of SHA-256.
func OIDSHA256() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
}

// SHA256 is the algorithm with its empty parameters, as OpenSSL writes it.
func SHA256() pkix.AlgorithmIdentifier {
	return pkix.AlgorithmIdentifier{Algorithm: OIDSHA256(), Parameters: asn1.NullRawValue}
}

// explicit puts DER into the context-specific tag 0, as EXPLICIT says.
func explicit(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}
}
