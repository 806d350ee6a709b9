package bsdp

import (
	"fmt"
	"slices"
)

// ImageID names an image: its attributes and its index (bsdp.h).
type ImageID uint32

// Kind is the system that an image brings.
type Kind uint8

// The kinds of bsdp.h. A Mac lists images of kind Diagnostics only when it asks for
// them.
const (
	MacOS9 Kind = iota
	MacOSX
	MacOSXServer
	Diagnostics
)

// install is the bit of an ImageID that says that the image installs a system.
const install = 0x8000_0000

// NewImageID makes the name of an image. Kinds have seven bits.
func NewImageID(kind Kind, installs bool, index uint16) ImageID {
	id := ImageID(kind&0x7f)<<24 | ImageID(index)
	if installs {
		id |= install
	}
	return id
}

// Index is the image's own number. Those below 4096 are the server's own, others are
// the same image on every server (bsdp_image_index_is_server_local).
func (id ImageID) Index() uint16 { return uint16(id) }

// Attributes are the upper half, by which Macs filter what they list.
func (id ImageID) Attributes() uint16 { return uint16(id >> 16) }

// Kind is the system that the image brings.
func (id ImageID) Kind() Kind { return Kind(id >> 24 & 0x7f) }

// Installs tells whether the image installs a system.
func (id ImageID) Installs() bool { return id&install != 0 }

// String is 0x81000064.
func (id ImageID) String() string { return fmt.Sprintf("%#08x", uint32(id)) }

// Image is one that a server has.
type Image struct {
	ID   ImageID
	Name string // people read it in the Mac's list
	// Archs are those that it has a booter for.
	Archs []string
	// Models are the system identifiers that it is for; none for every one.
	Models []string
	// Enabled are the addresses that it is for, none for every one; Disabled those
	// that it isn't for.
	Enabled, Disabled [][6]byte
	// FilterOnly: it is listed only where a Mac asks for its attributes.
	FilterOnly bool
	// Default: it goes before those that are not.
	Default bool
}

// For tells whether a Mac can be given an image (NBImageEntry_supported_sysid).
func (i Image) For(r Request) bool {
	return slices.Contains(i.Archs, r.Class.Arch) &&
		(len(i.Models) == 0 || slices.Contains(i.Models, r.model())) &&
		(len(i.Enabled) == 0 || slices.Contains(i.Enabled, r.MAC)) &&
		!slices.Contains(i.Disabled, r.MAC)
}

// Listed tells whether a Mac wants to see an image that is for it
// (NBImageEntry_attributes_match).
func (i Image) Listed(r Request) bool {
	if len(r.Filter) == 0 {
		return !i.FilterOnly
	}
	return slices.Contains(r.Filter, i.ID.Attributes())
}

// Sort puts images into the order in which they are listed, of which the first is
// the one to boot where nobody chooses (NBImageList_add_default_entry): the default
// ones first, and of those the ones for every model.
func Sort(images []Image) {
	rank := func(i Image) int {
		switch {
		case i.Default && len(i.Models) == 0:
			return 0
		case i.Default:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(images, func(x, y Image) int { return rank(x) - rank(y) })
}

// Offered are the images that a Mac lists, in their order.
func Offered(images []Image, r Request) []Image {
	var all []Image
	for _, i := range images {
		if i.For(r) && i.Listed(r) {
			all = append(all, i)
		}
	}
	return all
}

// Find is the image that a Mac selects: the one that it names, if that is for it, or
// where it names none the first that is listed without a filter. false: it is told
// that there is none ([Failed]).
func Find(images []Image, r Request) (Image, bool) {
	if !r.Selects {
		r.Filter = nil
		if all := Offered(images, r); len(all) > 0 {
			return all[0], true
		}
		return Image{}, false
	}
	at := slices.IndexFunc(images, func(i Image) bool { return i.ID == r.Selected && i.For(r) })
	if at < 0 {
		return Image{}, false
	}
	return images[at], true
}
