package loader

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/authenticode"
	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/efi/sbat"
	"github.com/spurboot/spur/internal/route"
)

// ErrUnknown is wrapped by the errors of [Identify] about what isn't damaged but
// something else.
var ErrUnknown = errors.New("it is no bootloader that Spur knows")

// SizeMost bounds what is read of a loader to tell what it is, in bytes. The largest
// GRUBs have 6 MiB.
const SizeMost = 16 << 20

// Identify says what a file of that size is, by its content. It is an error where
// that is nothing that firmware starts, or damaged. The errors are clauses about
// "it", the file, fit to follow its name and a colon. All of a signed file is read
// once for its hash, at most 16 MiB of it are held.
func Identify(r io.ReaderAt, size int64) (route.Identity, error) {
	return identify(r, size, func(most int64) ([]byte, error) { return begin(r, size, most) })
}

// identify is Identify; begin gives the beginning of the file.
func identify(r io.ReaderAt, size int64, begin func(most int64) ([]byte, error)) (route.Identity, error) {
	if size == 0 {
		return route.Identity{}, errors.New("it is empty")
	}
	head, err := begin(HeadMost)
	if err != nil {
		return route.Identity{}, err
	}
	if !bytes.HasPrefix(head, []byte("MZ")) {
		return identifyOther(head, begin)
	}
	f, err := pefile.Read(r, size)
	if err != nil {
		return route.Identity{}, err
	}
	content, err := begin(searched(head, size))
	if err != nil {
		return route.Identity{}, err
	}
	return identifyEFI(&image{r: r, file: f, content: content})
}

// A kernel says in kernelHead bytes all that is taken from it. Memtest86+, which
// speaks Linux's boot protocol too, has less than memtestMost.
const (
	kernelHead  = 64 << 10
	memtestMost = 1 << 20
)

// searched is how much of a file is searched for what it is, in bytes.
func searched(head []byte, size int64) int64 {
	if isKernel(head) && size > memtestMost {
		return kernelHead
	}
	return SizeMost
}

// MayBe tells whether a file that begins so can be a loader at all.
func MayBe(head []byte) bool {
	if bytes.HasPrefix(head, []byte("MZ")) {
		return true
	}
	_, err := identifyFlat(head)
	return err == nil || moduleArch(head) == boot.X86 // which may say behind its beginning what it is
}

// begin reads the beginning of a file, at most that many bytes.
func begin(r io.ReaderAt, size, most int64) ([]byte, error) {
	b := make([]byte, min(size, most))
	if n, err := r.ReadAt(b, 0); n < len(b) {
		return nil, fmt.Errorf("it can't be read: %w", err)
	}
	return b, nil
}

// image is an EFI binary that is looked at.
type image struct {
	r       io.ReaderAt
	file    *pefile.File
	content []byte // as much of the file as is searched
	id      route.Identity
}

func (im *image) fault(err error) {
	if err != nil {
		im.id.Faults = append(im.id.Faults, err.Error())
	}
}

// section is the part of a section that has been read.
func (im *image) section(name string) []byte {
	s, ok := im.file.Section(name)
	if !ok || int64(s.RawOffset) > int64(len(im.content)) {
		return nil
	}
	return im.content[s.RawOffset:min(int64(len(im.content)), s.Raw().End())]
}

func identifyEFI(im *image) (route.Identity, error) {
	arch := im.file.Machine.Arch()
	switch {
	case !im.file.Subsystem.EFI():
		return route.Identity{}, fmt.Errorf("it is no EFI binary: %s", im.file.Subsystem)
	case arch == "":
		return route.Identity{}, fmt.Errorf("it is for %s, which is none of EFI's", im.file.Machine)
	}
	im.id = route.Identity{Firmware: boot.UEFI, Arch: arch}
	im.fault(im.readSignatures())
	im.fault(im.readSBAT())
	im.recognise()
	return im.id, nil
}

// recognise tells the kind, and what goes with it.
func (im *image) recognise() {
	if im.file.Subsystem != pefile.Application {
		im.id.Kind = route.KindDriver
		return
	}
	for _, known := range kinds() {
		if known.is(im) {
			im.id.Kind = known.kind
			im.fault(known.tell(im))
			return
		}
	}
	im.id.Kind = route.KindEFI
}

// readSignatures reads the signatures and checks each.
func (im *image) readSignatures() error {
	found, err := authenticode.Signatures(im.r, im.file.Size)
	if err != nil || len(found) == 0 {
		return err
	}
	sum, err := authenticode.Digest(im.r, im.file.Size)
	if err != nil {
		return err
	}
	for _, s := range found {
		one := route.Signature{Signer: s.Name(), Issuer: s.Issuer()}
		if err := s.Check(sum); err != nil {
			one.Fault = err.Error()
		}
		im.id.Signatures = append(im.id.Signatures, one)
	}
	return nil
}

// readSBAT reads the SBAT data. Who built a file has an entry of their own for what
// they change, such as grub.debian, before those of others whose changes they took.
func (im *image) readSBAT() (err error) {
	im.id.SBAT, err = sbat.Read(im.r, im.file.Size)
	if e, ok := im.builders(); ok {
		im.id.Vendor = e.Vendor
	}
	return err
}

// builders is the entry of whoever built a file: that of a distribution, or the last.
func (im *image) builders() (sbat.Entry, bool) {
	for _, e := range im.id.SBAT {
		if strings.Contains(e.Component, ".") {
			return e, true
		}
	}
	if n := len(im.id.SBAT); n > 0 {
		return im.id.SBAT[n-1], true
	}
	return sbat.Entry{}, false
}
