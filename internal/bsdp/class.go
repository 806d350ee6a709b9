package bsdp

import (
	"bytes"
	"slices"
	"strings"
)

// VendorClass is option 60 of a server's messages, and what that of a Mac's begins
// with.
const VendorClass = "AAPLBSDPC"

// The architectures that Macs name. All with EFI say i386, whatever they are.
const (
	I386 = "i386"
	PPC  = "ppc"
)

// Class is how a Mac introduces itself in option 60: AAPLBSDPC/i386/MacBookPro6,2.
type Class struct {
	Arch  string
	Model string // the system identifier
}

// EFI32 tells whether a Mac's EFI has 32 bits, which no packet says: those of 2006 have
// (rEFIt, "A Brief History of Apple and EFI").
func (c Class) EFI32() bool {
	return slices.Contains([]string{
		"iMac4,1", "iMac4,2", "iMac5,1", "iMac5,2", "iMac6,1", "MacBook1,1", "MacBook2,1",
		"MacBookPro1,1", "MacBookPro1,2", "MacBookPro2,1", "MacBookPro2,2", "Macmini1,1", "Macmini2,1",
		"MacPro1,1", "MacPro2,1", "Xserve1,1",
	}, c.Model)
}

// IsBSDP tells whether an option 60 is a Mac's or a boot server's.
func IsBSDP(class string) bool {
	return class == VendorClass || strings.HasPrefix(class, VendorClass+"/")
}

// ParseClass reads a Mac's option 60, like bsdp_parse_class_id of bsdp.h. A Mac that
// says nothing of itself is one with Open Firmware.
func ParseClass(v []byte) (Class, bool) {
	text := string(bytes.TrimRight(v, "\x00")) // ends so in requests of some firmware
	if !IsBSDP(text) || strings.ContainsAny(text, "\x00\n") {
		return Class{}, false
	}
	words := strings.SplitN(text, "/", 3)
	switch len(words) {
	case 1:
		return Class{Arch: PPC}, true
	case 3:
		return Class{Arch: words[1], Model: words[2]}, true
	}
	return Class{}, false
}
