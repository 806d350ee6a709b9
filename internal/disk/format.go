package disk

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/advice"
)

// Format is how a disk is laid out in a file; "" is to look.
type Format = diskimage.Format

// sayRaw is how a person says what a disk is whose contents look otherwise.
const sayRaw = "say so by --format raw (--from raw to convert it, --backing-format raw to lie under another)"

// ParseFormat reads what a person wrote; "" stays "".
func ParseFormat(s string) (Format, error) { return diskimage.ParseFormat(s) }

// ParseNewFormat reads the format of an image that is to be made.
func ParseNewFormat(s string) (Format, error) {
	if f := Format(s); f == diskimage.Raw || f == diskimage.Qcow2 {
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
		return "", advice.New(fmt.Sprintf("%s is the name of a file of format %s, and would be a qcow2 image", name, says),
			"name it .qcow2, or say which it shall be: --format qcow2 or --format raw; no other format can be written")
	}
	return diskimage.Qcow2, nil
}
