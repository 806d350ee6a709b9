package sbat

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/efi/pefile"
)

// Entry is a line of SBAT data: a component of the binary.
type Entry struct {
	Component  string // such as "grub" or, for a distribution's changes, "grub.debian"
	Generation int    // raised with each round of revocations
	Vendor     string
	Package    string
	Version    string
	URL        string
}

func (e Entry) String() string { return fmt.Sprintf("%s,%d", e.Component, e.Generation) }

// The bounds of what is read: bytes of a section, and lines.
const (
	sizeMost  = 64 << 10
	linesMost = 256
)

// Read is the SBAT data of an EFI binary of that size; none where it has no section
// .sbat.
func Read(r io.ReaderAt, size int64) ([]Entry, error) {
	f, err := pefile.Read(r, size)
	if err != nil {
		return nil, err
	}
	b, err := f.Contents(r, ".sbat", sizeMost)
	if err != nil || b == nil {
		return nil, err
	}
	entries, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("its section .sbat is damaged: %w", err)
	}
	return entries, nil
}

// Parse reads SBAT data: lines with six fields, between commas, up to the end or a
// NUL (SBAT.md, "Version metadata").
func Parse(b []byte) ([]Entry, error) {
	lines, err := rows(b, 6)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for i, fields := range lines {
		n, err := generation(fields[1])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		entries = append(entries, Entry{fields[0], n, fields[2], fields[3], fields[4], fields[5]})
	}
	return entries, nil
}

// rows splits text into lines of at least that many fields.
func rows(b []byte, least int) ([][]string, error) {
	text, _, _ := bytes.Cut(b, []byte{0})
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var lines [][]string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if len(lines) == linesMost {
			return nil, fmt.Errorf("it has more than %d lines", linesMost)
		}
		fields := strings.Split(line, ",")
		if len(fields) < least || fields[0] == "" {
			return nil, fmt.Errorf("line %d has %d fields, and %d are needed, the first of them not empty", len(lines)+1, len(fields), least)
		}
		lines = append(lines, fields)
	}
	return lines, nil
}

// generation reads a number of 16 bits, which is what shim compares.
func generation(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is no generation: a number up to 65535 is", s)
	}
	return int(n), nil
}
