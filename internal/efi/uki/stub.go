package uki

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/pefile"
)

// Stub is systemd's stub for one architecture.
type Stub struct {
	Arch    boot.Arch
	Version string // as the stub says it: "252.39-1~deb12u1"

	file  *pefile.File
	bytes []byte
}

// systemd's EFI binaries say what they are in a line of this form (systemd,
// src/boot/efi/stub.c). It is the section .sdmagic, except in those of gnu-efi for
// arm64, whose headers know two sections only: there it lies behind them.
var infoLine = regexp.MustCompile(`#### LoaderInfo: ([a-z-]{1,20}) ([^# \x00]{1,60}) ####`)

// OpenStub takes a stub, as a whole. The errors are clauses about "it", the file,
// fit to follow its name and a colon.
func OpenStub(b []byte) (*Stub, error) {
	file, err := pefile.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	info := infoLine.FindSubmatch(b)
	switch _, image := file.Section(".linux"); {
	case image:
		return nil, fmt.Errorf("it is a unified kernel image already, with a section .linux, and no stub for one")
	case info == nil:
		return nil, fmt.Errorf("it is no stub of systemd's, but another %s for %s", file.Subsystem, file.Machine)
	case string(info[1]) != "systemd-stub":
		return nil, fmt.Errorf("it is %s %s, no stub of systemd's", info[1], info[2])
	case file.Machine.Arch() == "":
		return nil, fmt.Errorf("it is for %s, which is none of EFI's", file.Machine)
	}
	return &Stub{Arch: file.Machine.Arch(), Version: string(info[2]), file: file, bytes: b}, nil
}
