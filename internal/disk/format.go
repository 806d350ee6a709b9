package disk

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/hint"
)

// Format is how a disk is laid out in a file.
type Format string

// The formats. Only raw and qcow2 are written.
const (
	Raw   Format = "raw"
	Qcow2 Format = "qcow2"
	VHD   Format = "vhd"
	VHDX  Format = "vhdx"
	VMDK  Format = "vmdk"
)

// readable are the formats that can be opened, for people.
const readable = "qcow2, raw, vhd, vhdx, vmdk"

// magics are what files begin with. A format that isn't read is known all the
// same: to take it for raw would serve its tables to a machine as if they were
// its disk.
func magics() map[string]Format {
	return map[string]Format{
		"QFI\xfb": Qcow2, "conectix": VHD, "vhdxfile": VHDX, "KDMV": VMDK, "# Disk DescriptorFile": VMDK, "COWD": cowd,
		"<<< Oracle VM VirtualBox Disk Image >>>": "vdi", "<<< QEMU VM Virtual Disk Image >>>": "vdi", "QED\x00": "qed",
	}
}

// cowd is the sparse format of VMware ESX before VMDK, which files named .vmdk
// still have there.
const cowd Format = "cowd"

// sayRaw is how a person says what a disk is whose contents look otherwise.
const sayRaw = "say so by --format raw (--from raw to convert it, --backing-format raw to lie under another)"

// headSize is how much of a file tells its format.
const headSize = 512

// Detect knows the format by the first bytes of a file. What it doesn't know
// is raw. A VHD of fixed size is not known: it has its mark at the end, where
// whoever uses a raw disk could write it too.
func Detect(head []byte) (Format, error) {
	format := looksLike(head)
	if _, err := ParseFormat(string(format)); err == nil {
		return format, nil
	}
	return "", hint.New(fmt.Sprintf("it is a %s image, which can't be read", format),
		fmt.Sprintf("convert it: qemu-img convert -f %s -O qcow2 IMAGE NEW; or, if it is a raw disk all the same, %s", format.qemu(), sayRaw))
}

// onlyRead is that an image of a format was to be written that is only read.
type onlyRead struct{ format Format }

func (o onlyRead) Error() string { return fmt.Sprintf("a %s image can only be read", o.format) }

// looksLike is the format that a file begins like, which may be none that is
// read.
func looksLike(head []byte) Format {
	for magic, format := range magics() {
		if bytes.HasPrefix(head, []byte(magic)) {
			return format
		}
	}
	return Raw
}

// named is the format of a name that QEMU writes into images.
func named(format string) Format {
	if format == "vpc" {
		return VHD
	}
	return Format(format)
}

// qemu is what QEMU calls a format.
func (f Format) qemu() string {
	switch f {
	case VHD:
		return "vpc"
	case cowd:
		return string(VMDK)
	}
	return string(f)
}

// detect reads the head of a file.
func detect(file io.ReaderAt) (Format, error) {
	head := make([]byte, headSize)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read its head: %w", err)
	}
	return Detect(head[:n])
}

// ParseFormat reads what a person wrote; "" stays "", which is to look.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case "", Raw, Qcow2, VHD, VHDX, VMDK:
		return f, nil
	}
	return "", fmt.Errorf("format %s is unknown; it is one of %s", s, readable)
}

// ParseNewFormat reads the format of an image that is to be made.
func ParseNewFormat(s string) (Format, error) {
	if f := Format(s); f == Raw || f == Qcow2 {
		return f, nil
	}
	return "", fmt.Errorf("--format %s can't be written; it is one of qcow2, raw", s)
}

// NewFormat is the format of a new file: the one that was asked for, else qcow2,
// unless the file's name says that it has another one.
func NewFormat(name string, asked Format) (Format, error) {
	if asked != "" {
		return asked, nil
	}
	switch says := strings.ToLower(strings.TrimPrefix(filepath.Ext(name), ".")); says {
	case "raw", "img", "iso", "vdi", "vhd", "vhdx", "vmdk", "vpc", "qed":
		if says == "img" {
			says = "raw, most likely"
		}
		return "", hint.New(fmt.Sprintf("%s is the name of a file of format %s, and would be a qcow2 image", name, says),
			"name it .qcow2, or say which it shall be: --format qcow2 or --format raw; no other format can be written")
	}
	return Qcow2, nil
}
