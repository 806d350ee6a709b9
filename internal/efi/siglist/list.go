package siglist

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
)

// List is an EFI_SIGNATURE_LIST: entries of one type and, in the file, of one size.
type List struct {
	Type    GUID
	Entries []Entry
}

// Entry is an EFI_SIGNATURE_DATA: a certificate or a hash, and who put it there.
type Entry struct {
	Owner GUID
	Data  []byte
}

// A list begins with its type and three sizes, of 4 bytes each: of the list, of a
// header for all entries, and of an entry with its owner.
const (
	listHeader = 16 + 3*4
	ownerSize  = 16
)

// Certificates writes lists of certificates, one each, since they differ in size.
func Certificates(owner GUID, certificates ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certificates {
		out = appendList(out, X509(), owner, c.Raw)
	}
	return out
}

// Hashes writes a list of hashes of EFI binaries, as package authenticode computes
// them. Without any it is empty.
func Hashes(owner GUID, hashes ...[sha256.Size]byte) []byte {
	if len(hashes) == 0 {
		return nil
	}
	var data [][]byte
	for _, h := range hashes {
		data = append(data, h[:])
	}
	return appendList(nil, SHA256(), owner, data...)
}

// appendList appends a list with entries of one size.
func appendList(out []byte, kind, owner GUID, data ...[]byte) []byte {
	size := ownerSize + len(data[0])
	out = append(out, kind[:]...)
	out = binary.LittleEndian.AppendUint32(out, uint32(listHeader+len(data)*size))
	out = binary.LittleEndian.AppendUint32(out, 0)
	out = binary.LittleEndian.AppendUint32(out, uint32(size))
	for _, d := range data {
		out = append(out, owner[:]...)
		out = append(out, d...)
	}
	return out
}

// Parse reads lists that follow one another, of any type. What it returns shares the
// memory of b.
func Parse(b []byte) ([]List, error) {
	var lists []List
	for len(b) > 0 {
		l, n, err := parseList(b)
		if err != nil {
			return nil, fmt.Errorf("signature list %d is damaged: %w", len(lists)+1, err)
		}
		lists = append(lists, l)
		b = b[n:]
	}
	return lists, nil
}

// parseList reads the first list, and how many bytes it has.
func parseList(b []byte) (List, int, error) {
	if len(b) < listHeader {
		return List{}, 0, fmt.Errorf("%d bytes are left, and its header has %d", len(b), listHeader)
	}
	word := func(at int) uint64 { return uint64(binary.LittleEndian.Uint32(b[at:])) }
	size, header, entry := word(16), word(20), word(24)
	switch {
	case size > uint64(len(b)):
		return List{}, 0, fmt.Errorf("it has %d bytes, and %d are left", size, len(b))
	case size < listHeader+header:
		return List{}, 0, fmt.Errorf("it has %d bytes, and its headers %d", size, listHeader+header)
	case entry < ownerSize || (size-listHeader-header)%entry != 0:
		return List{}, 0, fmt.Errorf("its entries, of %d bytes each, don't fill its %d bytes", entry, size)
	}
	l := List{Type: GUID(b[:16])}
	for rest := b[listHeader+header : size]; len(rest) > 0; rest = rest[entry:] {
		l.Entries = append(l.Entries, Entry{GUID(rest[:ownerSize]), rest[ownerSize:entry:entry]})
	}
	return l, int(size), nil
}

// X509Certificates are the certificates in lists, to be anchors of signatures. Those
// that can't be read are left out.
func X509Certificates(lists []List) []*x509.Certificate {
	var found []*x509.Certificate
	for _, l := range lists {
		if l.Type != X509() {
			continue
		}
		for _, e := range l.Entries {
			if c, err := x509.ParseCertificate(e.Data); err == nil {
				found = append(found, c)
			}
		}
	}
	return found
}
