package siglist

import (
	"encoding/binary"
	"unicode/utf16"
)

// Variable names a variable of firmware.
type Variable struct {
	Name   string
	Vendor GUID
}

// PK is the variable with the platform key: whoever has its private key rules over
// KEK (UEFI 2.10 section 32.3).
func PK() Variable { return Variable{"PK", global()} }

// KEK is the variable with the keys that may change db and dbx.
func KEK() Variable { return Variable{"KEK", global()} }

// DB is the variable with what may start: certificates and hashes.
func DB() Variable { return Variable{"db", imageSecurity()} }

// DBX is the variable with what may not.
func DBX() Variable { return Variable{"dbx", imageSecurity()} }

// global is EFI_GLOBAL_VARIABLE.
func global() GUID {
	return GUID{0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c}
}

// imageSecurity is EFI_IMAGE_SECURITY_DATABASE_GUID.
func imageSecurity() GUID {
	return GUID{0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f}
}

// The attributes of variables (UEFI 2.10 section 8.2.1).
const (
	nonVolatile       = 0x01
	bootServiceAccess = 0x02
	runtimeAccess     = 0x04
	timeBasedAuth     = 0x20
	appendWrite       = 0x40
)

// Attributes are those with which the variables are set: kept over a reset, there
// while booting and running, guarded by a signature with a time; and, to add to what
// is there, append.
func Attributes(add bool) uint32 {
	a := uint32(nonVolatile | bootServiceAccess | runtimeAccess | timeBasedAuth)
	if add {
		a |= appendWrite
	}
	return a
}

// message is what the signature of an update is made over: the variable's name in
// UTF-16 without its end, its vendor, the attributes, the time and the data (UEFI
// 2.10 section 8.2.2).
func (v Variable) message(attributes uint32, stamp [timeSize]byte, data []byte) []byte {
	var m []byte
	for _, unit := range utf16.Encode([]rune(v.Name)) {
		m = binary.LittleEndian.AppendUint16(m, unit)
	}
	m = append(m, v.Vendor[:]...)
	m = binary.LittleEndian.AppendUint32(m, attributes)
	m = append(m, stamp[:]...)
	return append(m, data...)
}
