package bsdp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Code is the code of a sub-option of option 43 (bsdptag_t of bsdp.h).
type Code uint8

// The sub-options.
const (
	CodeMessage      Code = 1  // a Message
	CodeVersion      Code = 2  // a Version, of a Mac
	CodeServer       Code = 3  // the address of the server that a Mac chose
	CodePriority     Code = 4  // of a server: of several, Macs take the one with the highest
	CodeReplyPort    Code = 5  // where a Mac wants its answer
	CodeListPath     Code = 6  // not used
	CodeDefault      Code = 7  // the ImageID to boot where nobody chooses
	CodeSelected     Code = 8  // the ImageID that was chosen
	CodeImages       Code = 9  // a list of images
	CodeOldFirmware  Code = 10 // the Mac's firmware knows NetBoot 1.0 alone
	CodeFilter       Code = 11 // attributes of the images that a Mac wants to see
	CodeMaxMessage   Code = 12 // how large an answer may be
	CodeShadowMount  Code = 128
	CodeShadowFile   Code = 129
	CodeMachineName  Code = 130
	codePad, codeEnd Code = 0, 255
)

// String names a sub-option, as bsdptag_name does.
func (c Code) String() string {
	names := map[Code]string{
		CodeMessage: "message type", CodeVersion: "version", CodeServer: "server identifier", CodePriority: "server priority",
		CodeReplyPort: "reply port", CodeListPath: "boot image list path", CodeDefault: "default boot image",
		CodeSelected: "selected boot image", CodeImages: "boot image list", CodeOldFirmware: "NetBoot 1.0 firmware",
		CodeFilter: "image attributes filter list", CodeMaxMessage: "maximum message size",
		CodeShadowMount: "shadow mount path", CodeShadowFile: "shadow file path", CodeMachineName: "machine name",
	}
	if name, ok := names[c]; ok {
		return name
	}
	return fmt.Sprintf("sub-option %d", uint8(c))
}

// Message is what a BSDP message is.
type Message uint8

// The messages of bsdp.h. A Mac sends the first two, and a server answers with the
// same, or with MessageFailed.
const (
	MessageList   Message = 1
	MessageSelect Message = 2
	MessageFailed Message = 3
)

// String is LIST, SELECT or FAILED.
func (m Message) String() string {
	switch m {
	case MessageList:
		return "LIST"
	case MessageSelect:
		return "SELECT"
	case MessageFailed:
		return "FAILED"
	}
	return fmt.Sprintf("message %d", uint8(m))
}

// Options are the sub-options of an option 43.
type Options map[Code][]byte

// Parse reads option 43, up to its end or to a sub-option that doesn't fit. Of a
// code that comes twice the first counts; lists of images are joined
// (dhcpol_option_copy).
func Parse(v []byte) Options {
	o := Options{}
	for len(v) > 0 && Code(v[0]) != codeEnd {
		code := Code(v[0])
		if code == codePad {
			v = v[1:]
			continue
		}
		if len(v) < 2 || len(v) < 2+int(v[1]) {
			break
		}
		value := v[2 : 2+int(v[1])]
		if old, twice := o[code]; !twice {
			o[code] = bytes.Clone(value)
		} else if code == CodeImages {
			o[code] = append(old, value...)
		}
		v = v[2+len(value):]
	}
	return o
}

// Image is a sub-option that names one.
func (o Options) Image(c Code) (ImageID, bool) {
	if v := o[c]; len(v) == 4 {
		return ImageID(binary.BigEndian.Uint32(v)), true
	}
	return 0, false
}

// number is a sub-option of two bytes.
func (o Options) number(c Code) (uint16, bool) {
	if v := o[c]; len(v) == 2 {
		return binary.BigEndian.Uint16(v), true
	}
	return 0, false
}

// ErrShortList says that a list of images ends within one.
var ErrShortList = errors.New("the list of boot images ends within one of them")

// ParseImages reads the list of sub-option 9, of which only IDs and names are told
// (BSDPClientCreateImageList).
func ParseImages(v []byte) ([]Image, error) {
	var all []Image
	for len(v) > 0 {
		if len(v) < 5 || len(v) < 5+int(v[4]) {
			return all, ErrShortList
		}
		all = append(all, Image{ID: ImageID(binary.BigEndian.Uint32(v)), Name: string(v[5 : 5+int(v[4])])})
		v = v[5+int(v[4]):]
	}
	return all, nil
}

// nameMost is how long an image's name may be (BSDP_IMAGE_NAME_MAX).
const nameMost = 255 - 2*2 - 5

// described is an image in a list.
func (i Image) described() []byte {
	cut := min(len(i.Name), nameMost)
	for cut < len(i.Name) && cut > 0 && !utf8.RuneStart(i.Name[cut]) {
		cut--
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(i.ID))
	return append(append(b, uint8(cut)), i.Name[:cut]...)
}

// vendor is an option 43 that is being written: pieces of 255 bytes that each have
// whole sub-options.
type vendor struct {
	b    []byte
	room int // of the message, for this option
}

// piece is where the last piece begins.
func (o *vendor) piece() int { return max(0, len(o.b)-1) / 255 * 255 }

// left is what the value of another sub-option of the last piece may have.
func (o *vendor) left() int { return 255 - (len(o.b) - o.piece()) - 2 }

// fits tells whether there is room for a sub-option with a value of so many bytes.
func (o *vendor) fits(value int) bool {
	begin := len(o.b)
	if o.left() < value {
		begin = o.piece() + 255
	}
	return value <= 255-2 && sizeOf(begin+2+value) <= o.room
}

// add appends a sub-option, in another piece where it doesn't fit into the last, and
// tells whether there was room for it.
func (o *vendor) add(c Code, value ...byte) bool {
	if !o.fits(len(value)) {
		return false
	}
	if o.left() < len(value) {
		o.b = append(o.b, make([]byte, o.piece()+255-len(o.b))...) // pads
	}
	o.b = append(append(o.b, uint8(c), uint8(len(value))), value...)
	return true
}

// images appends a list of images, as many as there is room for
// (S_insert_image_list).
func (o *vendor) images(all []Image) {
	var list []byte
	for _, i := range all {
		image := i.described()
		if len(list) > 0 && o.left() < len(list)+len(image) {
			o.add(CodeImages, list...)
			list = nil
		}
		if !o.fits(len(list) + len(image)) {
			break
		}
		list = append(list, image...)
	}
	if len(list) > 0 {
		o.add(CodeImages, list...)
	}
}

// sizeOf is what an option takes in a message, whose value comes in pieces of 255.
func sizeOf(value int) int { return value + 2*max(1, (value+254)/255) }
