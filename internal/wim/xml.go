package wim

import (
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Image is what the XML of a WIM says of one of its images.
type Image struct {
	Index int
	Name  string
	Arch  Arch
	Build string // of Windows, such as 10.0.26100; empty where it doesn't say
}

// Arch is a processor as Windows counts them (SYSTEM_INFO.wProcessorArchitecture); -1 where
// an image doesn't say.
type Arch int

// The architectures.
const (
	Unsaid Arch = -1
	X86    Arch = 0
	ARM    Arch = 5
	X64    Arch = 9
	ARM64  Arch = 12
)

// document is the XML, of which everything is text, so that what is odd in one place takes
// nothing away of the others.
type document struct {
	Images []struct {
		Index   string `xml:"INDEX,attr"`
		Name    string `xml:"NAME"`
		Arch    string `xml:"WINDOWS>ARCH"`
		Version struct {
			Major string `xml:"MAJOR"`
			Minor string `xml:"MINOR"`
			Build string `xml:"BUILD"`
		} `xml:"WINDOWS>VERSION"`
	} `xml:"IMAGE"`
}

// readXML reads the XML, which is UTF-16 and never compressed.
func (w *WIM) readXML(r resource) error {
	if r.flags&compressed != 0 || r.original > xmlMost {
		return fmt.Errorf("it is damaged: its XML has %d bytes", r.original)
	}
	b, err := w.read(r, xmlMost)
	if err != nil {
		return fmt.Errorf("its XML can't be read: %w", err)
	}
	var d document
	decoder := xml.NewDecoder(strings.NewReader(fromUTF16(b)))
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := decoder.Decode(&d); err != nil {
		return fmt.Errorf("its XML is damaged: %w", err)
	}
	for _, i := range d.Images[:min(len(d.Images), imagesMost)] {
		image := Image{Name: line(i.Name), Arch: Unsaid}
		image.Index, _ = strconv.Atoi(i.Index)
		if arch, err := strconv.Atoi(i.Arch); err == nil {
			image.Arch = Arch(arch)
		}
		if v := i.Version; v.Build != "" {
			image.Build = line(v.Major + "." + v.Minor + "." + v.Build)
		}
		w.Images = append(w.Images, image)
	}
	return nil
}

func fromUTF16(b []byte) string {
	text := make([]uint16, len(b)/2)
	for i := range text {
		text[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return strings.TrimPrefix(string(utf16.Decode(text)), "\ufeff")
}

// line makes one short line of any text.
func line(text string) string {
	const most = 100
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}
