package authenticode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/efi/pefile"
)

// tableMost bounds the certificate table that is read, in bytes. Files that are
// signed twice have about 20 KiB.
const tableMost = 1 << 20

// An entry of the certificate table has a header of 8 bytes: its size with the
// header, a revision and what it holds (PE/COFF section 5.7).
const (
	entryHeader    = 8
	revision2      = 0x0200
	pkcsSignedData = 2
)

// readTable is the certificate table of a file; nil where it has none.
func readTable(r io.ReaderAt, f *pefile.File) ([]byte, error) {
	if f.Certificates.Size == 0 {
		return nil, nil
	}
	if f.Certificates.Size > tableMost {
		return nil, fmt.Errorf("its certificate table has %d bytes; at most %d are read", f.Certificates.Size, tableMost)
	}
	table := make([]byte, f.Certificates.Size)
	if n, err := r.ReadAt(table, f.Certificates.Offset); n < len(table) {
		return nil, fmt.Errorf("its certificate table can't be read: %w", err)
	}
	return table, nil
}

// entries are the PKCS #7 signatures in a certificate table.
func entries(table []byte) ([][]byte, error) {
	var found [][]byte
	for len(table) >= entryHeader {
		size, kind := binary.LittleEndian.Uint32(table), binary.LittleEndian.Uint16(table[6:])
		if size < entryHeader || uint64(size) > uint64(len(table)) {
			return nil, errors.New("its certificate table is damaged")
		}
		if kind == pkcsSignedData {
			found = append(found, table[entryHeader:size])
		}
		table = table[min(int64(len(table)), int64(size)+padding(int64(size))):]
	}
	return found, nil
}

// appendEntry appends a signature to a certificate table.
func appendEntry(table, signature []byte) []byte {
	table = binary.LittleEndian.AppendUint32(table, uint32(entryHeader+len(signature)))
	table = binary.LittleEndian.AppendUint16(table, revision2)
	table = binary.LittleEndian.AppendUint16(table, pkcsSignedData)
	table = append(table, signature...)
	return append(table, make([]byte, padding(int64(len(table))))...)
}
