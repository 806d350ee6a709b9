package diskimage

import (
	"bytes"
	"fmt"
	"io"

	"github.com/spurboot/spur/block"
)

// Format is how a disk is laid out in a file.
type Format string

// The formats that are read. Only raw and qcow2 are written.
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

// headSize is how much of a file tells its format.
const headSize = 512

// UnreadableError is that a file begins like an image of a format that is known
// and not read. If it is a raw disk all the same, Options.Format has to say so.
type UnreadableError struct{ Format Format }

// Error implements error.
func (e UnreadableError) Error() string {
	return fmt.Sprintf("it is a %s image, which can't be read", e.Format)
}

// UnwritableError is that an image is of a format that is read only.
type UnwritableError struct{ Format Format }

// Error implements error.
func (e UnwritableError) Error() string { return fmt.Sprintf("a %s image can only be read", e.Format) }

// Unwrap makes it a block.ErrReadOnly.
func (e UnwritableError) Unwrap() error { return block.ErrReadOnly }

// Detect knows the format by the first bytes of a file. What it doesn't know is
// Raw, without an error. A VHD of fixed size is not known: it has its mark at the
// end, where whoever uses a raw disk could write it too.
func Detect(file io.ReaderAt) (Format, error) {
	head := make([]byte, headSize)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read its head: %w", err)
	}
	format := looksLike(head[:n])
	if _, err := ParseFormat(string(format)); err != nil {
		return "", UnreadableError{format}
	}
	return format, nil
}

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

// ParseFormat reads the name of a format that is read; "" stays "", which is to
// look.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case "", Raw, Qcow2, VHD, VHDX, VMDK:
		return f, nil
	}
	return "", fmt.Errorf("format %s is unknown; it is one of %s", s, readable)
}

// FromQEMU is the format of a name that QEMU uses, and writes into images.
func FromQEMU(name string) Format {
	if name == "vpc" {
		return VHD
	}
	return Format(name)
}

// QEMU is what QEMU calls a format.
func (f Format) QEMU() string {
	switch f {
	case VHD:
		return "vpc"
	case cowd:
		return string(VMDK)
	}
	return string(f)
}
