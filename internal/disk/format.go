package disk

import (
	"bytes"
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/hint"
)

// Format is how a disk is laid out in a file.
type Format string

// The formats that are written.
const (
	Raw   Format = "raw"
	Qcow2 Format = "qcow2"
)

// others are formats that are known by sight only: to take them for raw would
// serve their tables to a machine as if they were its disk.
var others = []struct {
	name  string
	magic string
}{
	{"vmdk", "KDMV"}, {"vmdk", "COWD"}, {"vmdk", "# Disk DescriptorFile"},
	{"vhd", "conectix"}, {"vhdx", "vhdxfile"}, {"vdi", "<<< "}, {"qed", "QED\x00"},
}

// headSize is how much of a file tells its format.
const headSize = 512

// Detect knows the format by the first bytes of a file. What it doesn't know
// is raw.
func Detect(head []byte) (Format, error) {
	if bytes.HasPrefix(head, []byte("QFI\xfb")) {
		return Qcow2, nil
	}
	for _, other := range others {
		if bytes.HasPrefix(head, []byte(other.magic)) {
			return "", hint.New("it is a "+other.name+" image, which can't be read yet",
				"convert it: qemu-img convert -f "+qemuName(other.name)+" -O qcow2 IMAGE NEW; or, if it is a raw disk all the same, say --format raw")
		}
	}
	return Raw, nil
}

// qemuName is what QEMU calls a format.
func qemuName(format string) string {
	if format == "vhd" {
		return "vpc"
	}
	return format
}

// detect reads the head of a file.
func detect(file io.ReaderAt) (Format, error) {
	head := make([]byte, headSize)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF { //nolint:errorlint // ReadAt's io.EOF isn't wrapped
		return "", fmt.Errorf("read its head: %w", err)
	}
	return Detect(head[:n])
}

// ParseFormat reads what a person wrote; "" stays "", which is to look.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case "", Raw, Qcow2:
		return f, nil
	}
	return "", fmt.Errorf("--format %s is unknown; it is one of qcow2, raw", s)
}
