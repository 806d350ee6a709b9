package loader

import (
	"debug/pe"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.mozilla.org/pkcs7"
)

// certificatesMost bounds the certificate table of a PE file, in bytes. Those
// that are signed twice have about 20 KiB.
const certificatesMost = 1 << 20

// pkcsSignedData is the type of a certificate table's entry that holds a PKCS#7
// SignedData structure (PE/COFF specification, section 5.7).
const pkcsSignedData = 2

// Signers lists who signed a PE file, by the common names of their certificates,
// in the order of the signatures. Whether a signature is right is for firmware
// to find out.
func Signers(r io.ReaderAt) ([]string, error) {
	table, err := certificates(r)
	if err != nil {
		return nil, err
	}
	var names []string
	for len(table) >= 8 {
		size, kind := binary.LittleEndian.Uint32(table), binary.LittleEndian.Uint16(table[6:])
		if size < 8 || uint64(size) > uint64(len(table)) {
			return nil, errors.New("its certificate table is damaged")
		}
		if kind == pkcsSignedData {
			name, err := signer(table[8:size])
			if err != nil {
				return nil, err
			}
			names = append(names, name)
		}
		// Entries are aligned to 8 bytes.
		table = table[min(uint64(len(table)), (uint64(size)+7)&^7):]
	}
	return names, nil
}

// certificates is the certificate table of a PE file; nil where it has none.
func certificates(r io.ReaderAt) ([]byte, error) {
	f, err := pe.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("it is no EFI application: %w", err)
	}
	defer f.Close()
	var at pe.DataDirectory
	switch header := f.OptionalHeader.(type) {
	case *pe.OptionalHeader32:
		at = header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_SECURITY]
	case *pe.OptionalHeader64:
		at = header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_SECURITY]
	}
	if at.Size == 0 {
		return nil, nil
	}
	if at.Size > certificatesMost {
		return nil, fmt.Errorf("its certificate table has %d bytes; at most %d are read", at.Size, certificatesMost)
	}
	// Of this directory the address is an offset in the file.
	table := make([]byte, at.Size)
	if _, err := r.ReadAt(table, int64(at.VirtualAddress)); err != nil {
		return nil, fmt.Errorf("its certificate table is cut off: %w", err)
	}
	return table, nil
}

func signer(der []byte) (string, error) {
	signed, err := pkcs7.Parse(der)
	if err != nil {
		return "", fmt.Errorf("its signature can't be read: %w", err)
	}
	certificate := signed.GetOnlySigner()
	if certificate == nil {
		return "", errors.New("its signature is not that of one signer")
	}
	return certificate.Subject.CommonName, nil
}
