package tree

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
)

// Name is what the first element of a path says once it is opened: who asks, and
// by which route, or for which file.
type Name struct {
	Client boot.Client // of a file name only the MAC is told
	Route  route.Route // of a boot: the way on which it is, without a form
	Role   route.Role  // of a file: what it is in the boot; empty for a boot
	File   boot.File   // of a file: where it comes from, unless that is long
	Digest Digest      // of a file: what stands for one that is long
	Last   bool        // of a file: the machine has all it needs once it has this
}

// IsBoot tells a boot's name from a file's.
func (n Name) IsBoot() bool { return n.Route.Name != "" }

// Digest stands for a file in a sealed name, which authenticates it.
type Digest [16]byte

// String is the digest in hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// DigestOf is the digest of a file's key.
func DigestOf(key string) Digest {
	sum := sha256.Sum256([]byte(key))
	return Digest(sum[:len(Digest{})])
}

// IsLong tells whether a file's key is too long to stand in a sealed name itself.
// Names are a third longer than what is sealed; they must fit into one packet
// of TFTP, several of them into a kernel's command line (2,048 bytes on x86),
// and what presigned URLs have is never shorter than some hundred bytes.
func IsLong(key string) bool { return len(key) > 256 }

// Names seals and opens names with one key.
type Names struct {
	Key *seal.Key
}

// The versions of the sealed encodings. A server that meets another one, after
// an update, refuses the name as if it were forged.
const (
	fileVersion = 2
	longVersion = 3 // a file, with the digest of its source
	bootVersion = 4
)

// Each list gives the number under which a word is encoded; numbers are never
// used again, so that names outlive an update.
var (
	firmwares = []boot.Firmware{"", boot.BIOS, boot.UEFI, boot.RPiFirmware, boot.Board, boot.OpenFirmware}
	arches    = []boot.Arch{"", boot.X86, boot.X64, boot.ARM, boot.ARM64, boot.RISCV32, boot.RISCV64, boot.LOONG64, boot.EBC, boot.IA64, boot.PPC}
	protos    = []boot.Proto{"", boot.PXE, boot.HTTP, boot.BSDP}
	loaders   = []boot.Loader{"", boot.ROM, boot.IPXE, boot.GRUB, boot.PXELINUX, boot.UBoot, boot.RPi, boot.Apple, boot.GPXE}
	roles     = []route.Role{"", route.NBP, route.Script, route.Kernel, route.Initrd, route.Extra, route.Beacon, route.Packed, route.Tagged, route.Module}
)

// Boot seals the name of a client's boot by one route. It fits into BOOTP's 128
// bytes with any loader's file name behind it.
func (n Names) Boot(c boot.Client, r route.Route) string {
	b := []byte{
		bootVersion,
		index(firmwares, c.Firmware), index(arches, c.Arch), index(protos, c.Proto), index(loaders, c.Loader),
	}
	b = binary.BigEndian.AppendUint16(b, uint16(c.Features))
	b = binary.BigEndian.AppendUint16(b, c.Item)
	b = binary.BigEndian.AppendUint16(b, r.ID())
	b = append(b, c.MAC[:]...)
	if !c.UUID.IsZero() {
		b = append(b, c.UUID[:]...)
	}
	if r.Binary != 0 {
		b = binary.BigEndian.AppendUint32(b, r.Binary)
	}
	return n.Key.Seal(b)
}

// File seals the name of one file of a machine's payload. last says that the
// machine has all it needs once it has this one. One whose key IsLong has a
// name of its digest.
func (n Names) File(mac boot.MAC, role route.Role, f boot.File, last bool) string {
	if IsLong(f.Key()) {
		return n.Short(mac, role, f, last)
	}
	return n.Key.Seal(slices.Concat([]byte{fileVersion, roleOf(role, last)}, mac[:], []byte(f.Key())))
}

// Short seals the digest of a file, which makes a name of 54 characters;
// LongSources finds the file again.
func (n Names) Short(mac boot.MAC, role route.Role, f boot.File, last bool) string {
	d := DigestOf(f.Key())
	return n.Key.Seal(slices.Concat([]byte{longVersion, roleOf(role, last)}, mac[:], d[:]))
}

// roleOf is the byte of a file's role.
func roleOf(role route.Role, last bool) byte {
	if last {
		return index(roles, role) | lastFile
	}
	return index(roles, role)
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
	case b[0] == bootVersion && slices.Contains([]int{bootSize, bootSize + binarySize, bootSize + uuidSize, bootSize + uuidSize + binarySize}, len(b)):
		return openBoot(b)
	case b[0] == fileVersion && len(b) > 8:
		name := openFile(b)
		name.File = boot.FileOf(string(b[8:]))
		return name, nil
	case b[0] == longVersion && len(b) == 8+len(Digest{}):
		name := openFile(b)
		name.Digest = Digest(b[8:])
		return name, nil
	}
	return Name{}, errForged
}

func openFile(b []byte) Name {
	name := Name{Role: word(roles, b[1]&^lastFile), Last: b[1]&lastFile != 0}
	copy(name.Client.MAC[:], b[2:8])
	return name
}

// bootSize is the size of a boot's name without a UUID and without the ID of a
// binary: the length tells which of them it has.
const (
	bootSize   = 11 + len(boot.MAC{})
	uuidSize   = len(boot.UUID{})
	binarySize = 4
)

func openBoot(b []byte) (Name, error) {
	r, ok := route.ByID(binary.BigEndian.Uint16(b[9:]))
	if !ok {
		return Name{}, errForged // a route of another version of Spur
	}
	c := boot.Client{
		Firmware: word(firmwares, b[1]), Arch: word(arches, b[2]), Proto: word(protos, b[3]), Loader: word(loaders, b[4]),
		Features: boot.Features(binary.BigEndian.Uint16(b[5:])), Item: binary.BigEndian.Uint16(b[7:]),
	}
	copy(c.MAC[:], b[11:bootSize])
	rest := b[bootSize:]
	if len(rest) >= uuidSize {
		c.UUID, rest = boot.UUID(rest), rest[uuidSize:]
	}
	if len(rest) == binarySize {
		r.Binary = binary.BigEndian.Uint32(rest)
	}
	return Name{Client: c, Route: r}, nil
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
