package enroll

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/siglist"
)

// Write is one variable to be written.
type Write struct {
	Variable siglist.Variable
	// Append leaves what is in the variable where it is.
	Append bool
	Update []byte // a signed update, see [siglist.Update]
	// Refused is shown where the firmware doesn't take it. The machine goes on with
	// its next boot option a minute later.
	Refused string
}

// Texts are what people see on the machine's screen. Lines end with \n.
type Texts struct {
	Before, Done string // the machine restarts ten seconds after Done
}

// dataMost bounds what a program carries, in bytes. Variables take far less.
const dataMost = 1 << 20

// Program is an EFI application that makes these writes, in their order, and stops at
// the first that is refused. Its bytes depend on nothing but the arguments.
func Program(arch boot.Arch, texts Texts, writes []Write) ([]byte, error) {
	machine, code, err := codeFor(arch)
	if err != nil {
		return nil, err
	}
	data := records(texts, writes)
	if len(data) > dataMost {
		return nil, errors.New("the updates have more than 1 MiB")
	}
	return image(machine, code, data), nil
}

// codeFor is the code of an architecture, and the number of its processor in PE files.
func codeFor(arch boot.Arch) (machine uint16, code []byte, err error) {
	switch arch {
	case boot.X64:
		return 0x8664, assemble(codeX64()), nil
	case boot.ARM64:
		return 0xaa64, assemble(codeARM64()), nil
	}
	return 0, nil, fmt.Errorf("there is no program that enrolls keys on %s; enroll them by hand", arch)
}

// The kinds of records. Each begins with its kind, and what it names is named by its
// offset from the first record; all are 32-bit numbers.
const (
	endRecord   = 0
	printRecord = 1 // text
	writeRecord = 2 // name, GUID, attributes, update, its size, text for a failure
)

// records are the list that the code goes through, and behind it what it names.
func records(texts Texts, writes []Write) []byte {
	size := int(up(4*(2+7*len(writes)+2+1), 8))
	var list, named []byte
	number := func(n int) { list = binary.LittleEndian.AppendUint32(list, uint32(n)) }
	name := func(content []byte) {
		number(size + len(named))
		named = append(named, content...)
		named = append(named, make([]byte, -len(named)&7)...)
	}
	number(printRecord)
	name(wide(texts.Before))
	for _, w := range writes {
		number(writeRecord)
		name(wide(w.Variable.Name))
		name(w.Variable.Vendor[:])
		number(int(siglist.Attributes(w.Append)))
		name(w.Update)
		number(len(w.Update))
		name(wide(w.Refused))
	}
	number(printRecord)
	name(wide(texts.Done))
	number(endRecord)
	list = append(list, make([]byte, size-len(list))...)
	return append(list, named...)
}

// wide is a text as EFI takes it: UTF-16, with carriage returns and a zero at its end.
func wide(text string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(strings.ReplaceAll(text, "\n", "\r\n") + "\x00")) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

// The image: headers, a section of code and one of data, each on pages of its own, so
// that firmware can keep the one from being written and the other from being run.
const (
	page      = 0x1000
	fileAlign = 0x200
	headers   = fileAlign
	peAt      = 0x40
	codeAt    = page
	dataAt    = 2 * page // the code names it by its distance
	optional  = 112      // bytes of the optional header before the directories
	dirs      = 16
)

// image is a PE32+ file (Microsoft's PE format; UEFI 2.10 section 2.1.1).
func image(machine uint16, code, data []byte) []byte {
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.LittleEndian, v) // a buffer takes all
		}
	}
	pad := func(align int) { b.Write(make([]byte, -b.Len()&(align-1))) }
	codeSize, dataSize := up(len(code), fileAlign), up(len(data), fileAlign)

	b.WriteString("MZ")
	b.Write(make([]byte, 0x3c-2))
	put(uint32(peAt))
	b.WriteString("PE\x00\x00")
	// It has two sections, no time and no symbols, can be run, and be put anywhere.
	put(machine, uint16(2), uint32(0), uint32(0), uint32(0), uint16(optional+8*dirs), uint16(0x0022))
	put(uint16(0x20b), uint16(0), codeSize, dataSize, uint32(0), uint32(codeAt), uint32(codeAt))
	put(uint64(0), uint32(page), uint32(fileAlign))                                  // base, alignments
	put(uint16(0), uint16(0), uint16(0), uint16(0), uint16(0), uint16(0), uint32(0)) // versions
	put(dataAt+up(len(data), page), uint32(headers), uint32(0))                      // sizes, checksum
	put(uint16(10), uint16(0x0100))                                                  // an EFI application, for pages as above
	put(uint64(0), uint64(0), uint64(0), uint64(0), uint32(0), uint32(dirs))
	b.Write(make([]byte, 8*dirs))
	section := func(name string, size int, at, rawSize, raw, flags uint32) {
		var full [8]byte
		copy(full[:], name)
		put(full, uint32(size), at, rawSize, raw, uint64(0), uint32(0), flags)
	}
	section(".text", len(code), codeAt, codeSize, headers, 0x60000020)
	section(".data", len(data), dataAt, dataSize, headers+codeSize, 0xc0000040)
	pad(headers)
	b.Write(code)
	pad(fileAlign)
	b.Write(data)
	pad(fileAlign)
	return b.Bytes()
}

func up(n, align int) uint32 { return uint32((n + align - 1) &^ (align - 1)) }
