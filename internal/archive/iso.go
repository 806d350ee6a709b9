package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// A CD image has its primary volume descriptor in sector 16, and the record of its
// root folder in that (ECMA-119 sections 8.4 and 9.1). Names are those of ISO 9660,
// short and in capitals.
const (
	isoMagic  = "\x01CD001"
	isoSector = 2048
	isoAt     = 16 * isoSector
	isoRoot   = isoAt + 156
	isoRecord = 34

	isoFolderMost = 4 << 20 // bytes of one folder
	isoDepth      = 16      // ECMA-119 allows 8
)

func (w *walk) iso(r io.ReaderAt, size int64) error {
	root := make([]byte, isoRecord)
	if n, err := r.ReadAt(root, isoRoot); n < len(root) {
		return fmt.Errorf("it is cut off: %w", err)
	}
	return w.isoFolder(r, size, isoEntryOf(root), "", 0)
}

// isoEntry is a file or folder of a CD image.
type isoEntry struct {
	name     string
	at, size int64
	folder   bool
}

func isoEntryOf(record []byte) isoEntry {
	name := ""
	if end := isoRecord - 1 + int(record[32]); end <= len(record) {
		name, _, _ = strings.Cut(string(record[isoRecord-1:end]), ";")
	}
	return isoEntry{
		strings.TrimSuffix(name, "."), int64(binary.LittleEndian.Uint32(record[2:])) * isoSector,
		int64(binary.LittleEndian.Uint32(record[10:])), record[25]&2 != 0,
	}
}

func (w *walk) isoFolder(r io.ReaderAt, size int64, folder isoEntry, above string, depth int) error {
	if depth > isoDepth || folder.size > isoFolderMost || folder.at+folder.size > size {
		return errors.New("it is cut off or damaged: a folder of its CD image makes no sense")
	}
	// Folders are counted as what is unpacked, so that no circle of them goes on for
	// ever.
	content := make([]byte, folder.size)
	if _, err := io.ReadFull(&bounded{io.NewSectionReader(r, folder.at, folder.size), w}, content); err != nil {
		return err
	}
	for _, e := range isoEntries(content) {
		name := path.Join(above, e.name)
		var err error
		switch {
		case e.folder:
			err = w.isoFolder(r, size, e, name, depth+1)
		case e.at+e.size > size:
			err = fmt.Errorf("it is cut off or damaged: %s would end at byte %d, the file has %d", name, e.at+e.size, size)
		default:
			err = w.file(name, e.size, &bounded{io.NewSectionReader(r, e.at, e.size), w})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isoEntries are the entries of a folder but itself and the one above. A record
// crosses no sector; what is left of one is zeros.
func isoEntries(folder []byte) []isoEntry {
	var all []isoEntry
	for at := 0; at < len(folder); {
		length := int(folder[at])
		switch {
		case length == 0:
			at = (at/isoSector + 1) * isoSector
			continue
		case length < isoRecord || at+length > len(folder):
			return all
		}
		if e := isoEntryOf(folder[at : at+length]); e.name != "\x00" && e.name != "\x01" {
			all = append(all, e)
		}
		at += length
	}
	return all
}
