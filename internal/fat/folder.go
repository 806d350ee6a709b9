package fat

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf16"
)

// folderMost bounds a folder, in bytes: 65,536 entries (section 6).
const folderMost = 2 << 20

// longMost bounds a long name, in bytes of UTF-8: it has 255 characters of UTF-16.
const longMost = 3 * 260

// Entry is what a folder has under a name.
type Entry struct {
	Name   string
	Folder bool
	Size   int64 // of a file
	first  uint32
}

// Attributes of entries (section 6.1).
const (
	volume   = 0x08
	folder   = 0x10
	longName = 0x0F
)

// ReadFolder lists a folder by its path, with slashes; "" is the root. Case is none.
func (f *FileSystem) ReadFolder(path string) ([]Entry, error) {
	raw, err := f.rootFolder()
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" {
			continue
		}
		e, ok := find(entries(raw), name)
		if !ok || !e.Folder {
			return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		}
		if raw, err = f.chain(e.first, folderMost); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return entries(raw), nil
}

// ReadBeginning reads a file, at most that many bytes of it.
func (f *FileSystem) ReadBeginning(e Entry, most int64) ([]byte, error) {
	most = min(most, e.Size)
	if most == 0 || e.Folder {
		return nil, nil
	}
	return f.chain(e.first, most)
}

func (f *FileSystem) rootFolder() ([]byte, error) {
	if f.Bits == 32 {
		return f.chain(f.first, folderMost)
	}
	return f.read(f.root, f.rootSize)
}

// find is the entry of that name.
func find(all []Entry, name string) (Entry, bool) {
	for _, e := range all {
		if strings.EqualFold(e.Name, name) {
			return e, true
		}
	}
	return Entry{}, false
}

// entries are those of a folder, each by its long name if it has one (section 7).
func entries(raw []byte) []Entry {
	var all []Entry
	long := ""
	for ; len(raw) >= 32 && raw[0] != 0; raw = raw[32:] {
		e := raw[:32]
		switch {
		case e[0] == 0xE5: // removed
			long = ""
		case e[11]&0x3F == longName:
			if e[0]&0x40 != 0 || len(long) > longMost {
				long = ""
			}
			long = longPart(e) + long // the last part comes first
		case e[11]&volume != 0 || e[0] == '.':
			long = ""
		default:
			name := shortName(e)
			if long != "" {
				name, long = long, ""
			}
			le := binary.LittleEndian
			all = append(all, Entry{
				Name: name, Folder: e[11]&folder != 0, Size: int64(le.Uint32(e[28:])),
				first: uint32(le.Uint16(e[20:]))<<16 | uint32(le.Uint16(e[26:])),
			})
		}
	}
	return all
}

// shortName is a name of eight characters and three.
func shortName(e []byte) string {
	name, extension := strings.TrimRight(string(e[:8]), " "), strings.TrimRight(string(e[8:11]), " ")
	if extension != "" {
		name += "." + extension
	}
	return strings.ToValidUTF8(name, "_")
}

// longPart are the 13 characters of one part of a long name.
func longPart(e []byte) string {
	var units []uint16
	for _, part := range [][]byte{e[1:11], e[14:26], e[28:32]} {
		for ; len(part) > 0; part = part[2:] {
			u := binary.LittleEndian.Uint16(part)
			if u == 0 || u == 0xFFFF {
				return string(utf16.Decode(units))
			}
			units = append(units, u)
		}
	}
	return string(utf16.Decode(units))
}
