package tree

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
)

// Name is what the first element of a path says once it is opened.
type Name struct {
	Client boot.Client // of a file name only the MAC is told
	Role   route.Role  // of a file: what it is in the boot; empty for a boot
	Source string      // of a file: the path or URL it comes from
	Last   bool        // of a file: the machine has all it needs once it has this
}

// IsBoot tells a boot's name from a file's.
func (n Name) IsBoot() bool { return n.Source == "" }

// Names seals and opens names with one key.
type Names struct {
	Key *seal.Key
}

// The versions of the sealed encodings. A server that meets another one, after
// an update, refuses the name as if it were forged.
const (
	bootVersion = 1
	fileVersion = 2
)

// Each list gives the number under which a word is encoded; numbers are never
// used again, so that names outlive an update.
var (
	firmwares = []boot.Firmware{"", boot.BIOS, boot.UEFI}
	arches    = []boot.Arch{"", boot.X86, boot.X64, boot.ARM, boot.ARM64, boot.RISCV32, boot.RISCV64, boot.LOONG64, boot.EBC, boot.IA64}
	protos    = []boot.Proto{"", boot.PXE, boot.HTTP}
	loaders   = []boot.Loader{"", boot.ROM, boot.IPXE}
	roles     = []route.Role{"", route.NBP, route.Script, route.Kernel, route.Initrd, route.Extra, route.Beacon}
)

// Boot seals the name of a client's boot. It fits into BOOTP's 128 bytes with
// any loader's file name behind it.
func (n Names) Boot(c boot.Client) string {
	b := []byte{
		bootVersion,
		index(firmwares, c.Firmware), index(arches, c.Arch), index(protos, c.Proto), index(loaders, c.Loader),
	}
	b = binary.BigEndian.AppendUint16(b, uint16(c.Features))
	b = append(b, c.MAC[:]...)
	if !c.UUID.IsZero() {
		b = append(b, c.UUID[:]...)
	}
	return n.Key.Seal(b)
}

// File seals the name of one file of a machine's payload. last says that the
// machine has all it needs once it has this one.
func (n Names) File(mac boot.MAC, role route.Role, source string, last bool) string {
	r := index(roles, role)
	if last {
		r |= lastFile
	}
	b := append([]byte{fileVersion, r}, mac[:]...)
	return n.Key.Seal(append(b, source...))
}

// lastFile is set in the byte of a file's role.
const lastFile = 0x80

// errForged is wrapped as fs.ErrNotExist by the tree: a stranger learns nothing.
var errForged = errors.New("this name was not sealed with our key")

// Open reads a sealed name.
func (n Names) Open(token string) (Name, error) {
	b, err := n.Key.Open(token)
	if err != nil || len(b) == 0 {
		return Name{}, errForged
	}
	switch {
	case b[0] == bootVersion && (len(b) == 13 || len(b) == 29):
		return openBoot(b), nil
	case b[0] == fileVersion && len(b) > 8:
		name := Name{Role: word(roles, b[1]&^lastFile), Last: b[1]&lastFile != 0, Source: string(b[8:])}
		copy(name.Client.MAC[:], b[2:8])
		return name, nil
	}
	return Name{}, errForged
}

func openBoot(b []byte) Name {
	c := boot.Client{
		Firmware: word(firmwares, b[1]), Arch: word(arches, b[2]), Proto: word(protos, b[3]), Loader: word(loaders, b[4]),
		Features: boot.Features(binary.BigEndian.Uint16(b[5:])),
	}
	copy(c.MAC[:], b[7:13])
	copy(c.UUID[:], b[13:])
	return Name{Client: c}
}

func index[T ~string](words []T, w T) byte { return byte(max(0, slices.Index(words, w))) }

func word[T ~string](words []T, i byte) T {
	if int(i) < len(words) {
		return words[i]
	}
	return ""
}

// Split cuts a path into its first element and the rest. Some firmware writes
// backslashes, and iPXE asks for what the URL says, doubled slashes included.
func Split(path string) (first, rest string) {
	path = strings.TrimLeft(strings.ReplaceAll(path, `\`, "/"), "/")
	first, rest, _ = strings.Cut(path, "/")
	return first, strings.TrimLeft(rest, "/")
}
