package siglist

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// GUID is an identifier as it lies in memory (UEFI 2.10 appendix A): its first three
// fields are little-endian, unlike in text.
type GUID [16]byte

// ParseGUID reads the form 8be4df61-93ca-11d2-aa0d-00e098032b8c.
func ParseGUID(s string) (GUID, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 || len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return GUID{}, fmt.Errorf("%q is no GUID such as 8be4df61-93ca-11d2-aa0d-00e098032b8c", s)
	}
	return swap(GUID(b)), nil
}

func (g GUID) String() string {
	b := swap(g)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// swap turns the fields of text into those of memory, and back.
func swap(g GUID) GUID {
	binary.LittleEndian.PutUint32(g[:], binary.BigEndian.Uint32(g[:]))
	binary.LittleEndian.PutUint16(g[4:], binary.BigEndian.Uint16(g[4:]))
	binary.LittleEndian.PutUint16(g[6:], binary.BigEndian.Uint16(g[6:]))
	return g
}

// X509 is the type of lists of certificates, in DER (EFI_CERT_X509_GUID).
func X509() GUID {
	return GUID{0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}
}

// SHA256 is the type of lists of hashes (EFI_CERT_SHA256_GUID).
func SHA256() GUID {
	return GUID{0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28}
}

// pkcs7 is the type of signatures of updates (EFI_CERT_TYPE_PKCS7_GUID).
func pkcs7() GUID {
	return GUID{0x9d, 0xd2, 0xaf, 0x4a, 0xdf, 0x68, 0xee, 0x49, 0x8a, 0xa9, 0x34, 0x7d, 0x37, 0x56, 0x65, 0xa7}
}
