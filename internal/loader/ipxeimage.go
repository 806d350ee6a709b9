package loader

import (
	"bytes"
	"regexp"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// ipxeVersion is what iPXE prints as its version, and has in its binaries as it is
// where they aren't compressed: 1.21.1+git-20220113.fbbdc3926-0ubuntu1, 1.0.0+ (9f1f),
// 2.0.0.
const ipxeVersion = `^\x00(\d{1,3}\.\d{1,3}\.\d{1,3}(?:\+[-+.~0-9A-Za-z]{0,60})?(?: \([0-9a-g]{4,40}\))?)\x00`

// versionMost is more than what a version has, in bytes.
const versionMost = 128

// tellIPXE takes version, drivers and abilities out of an iPXE for UEFI, which is not
// compressed.
func tellIPXE(im *image) error {
	im.id.Version = findVersion(im.content)
	im.id.Drivers = route.OwnDrivers
	if bytes.Contains(im.content, []byte("\x00snponly.efi\x00")) {
		im.id.Drivers = route.FirmwareDrivers
	}
	for _, code := range featureCodes(im.content) {
		im.id.Features |= ipxeFeature(code)
	}
	if bytes.Contains(im.content, []byte("\x00shim\x00")) {
		im.id.Features |= boot.CanShim
	}
	return nil
}

func findVersion(content []byte) string {
	pattern := regexp.MustCompile(ipxeVersion)
	for at := 0; at+2 < len(content); at++ {
		if content[at] != 0 || content[at+1]-'0' > 9 {
			continue
		}
		if found := pattern.FindSubmatch(content[at:min(len(content), at+versionMost)]); found != nil {
			return string(found[1])
		}
	}
	return ""
}

// featureCodes are those that iPXE announces in option 175. It has them in a table
// (iPXE, include/ipxe/features.h): codes from 16 to 47, each with the length 1 and
// the version 1. The longest such run of bytes is it.
func featureCodes(content []byte) []byte {
	var longest []byte
	for at := 0; at+2 < len(content); at++ {
		var run []byte
		for ; at+2 < len(content) && content[at]>>4 >= 1 && content[at]>>4 <= 2 && content[at+1] == 1 && content[at+2] == 1; at += 3 {
			run = append(run, content[at])
		}
		if len(run) > len(longest) {
			longest = run
		}
	}
	if len(longest) < 3 {
		return nil
	}
	return longest
}

// ipxeFeature is what a code of option 175 stands for.
func ipxeFeature(code byte) boot.Features {
	switch code {
	case 0x11:
		return boot.CanISCSI
	case 0x12:
		return boot.CanAOE
	case 0x13:
		return boot.CanHTTP
	case 0x14:
		return boot.CanHTTPS
	case 0x15:
		return boot.CanTFTP
	case 0x18:
		return boot.CanBzImage
	case 0x19:
		return boot.CanMultiboot
	case 0x24:
		return boot.CanEFI
	case 0x27:
		return boot.CanMenu
	}
	return 0
}
