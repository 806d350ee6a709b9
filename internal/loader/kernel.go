package loader

import (
	"bytes"
	"encoding/binary"
)

// isKernel tells whether an EFI binary that begins so is a Linux kernel, by the magic numbers of its
// boot protocols: x86 (Documentation/arch/x86/boot.rst), arm64 and riscv64 (theirs),
// what is unpacked by an EFI stub of its own (drivers/firmware/efi/libstub/zboot-header.S),
// and LoongArch (LINUX_PE_MAGIC).
func isKernel(content []byte) bool {
	if isX86Kernel(content) {
		return true
	}
	for _, magic := range []struct {
		at   int
		text string
	}{
		{0x38, "ARM\x64"}, {0x38, "RSC\x05"}, {4, "zimg"}, {0x38, "\xcd\x23\x82\x81"},
	} {
		if len(content) > magic.at && bytes.HasPrefix(content[magic.at:], []byte(magic.text)) {
			return true
		}
	}
	return false
}

func isX86Kernel(content []byte) bool {
	return len(content) > 0x210 && string(content[0x202:0x206]) == "HdrS"
}

func tellKernel(im *image) error {
	if isX86Kernel(im.content) {
		im.id.Version = kernelVersion(im.content)
	}
	return nil
}

// kernelVersion is the version that a kernel of x86 has for the tools of users
// (kernel_version in the setup header).
func kernelVersion(content []byte) string {
	at := int(binary.LittleEndian.Uint16(content[0x20e:])) + 0x200
	if at == 0x200 || at >= len(content) {
		return ""
	}
	return match(`^([-+.~_0-9A-Za-z]{1,80})(?: |\x00)`, content[at:])
}
