package grubimage

import (
	"bytes"
	"errors"
)

// prefixSize is how much of an image for a BIOS goes before GRUB's own code: pxeboot.S,
// all of it but the first instructions empty.
const prefixSize = 0x400

// ProxyMark is in images that take what a ProxyDHCP server names.
const ProxyMark = "takes the server and the file of the boot server's reply"

// forBIOS puts our beginning in the place of GRUB's.
func forBIOS(image []byte) ([]byte, error) {
	if len(image) < prefixSize || !bytes.HasPrefix(image, []byte{0xb2, 0x7f, 0xea, 0, 0x82, 0, 0}) {
		return nil, errors.New("grub-mkimage has made what is no network boot program")
	}
	own := bytes.Clone(image)
	clear(own[:prefixSize])
	copy(own, prefix())
	return own, nil
}
