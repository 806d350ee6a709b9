package route

import (
	"errors"
	"fmt"
	"slices"
)

// Knows tells whether a shim brings a certificate that vouches for who signed a file.
// One that it doesn't know may be enrolled in the machine (mokutil).
func (i Identity) Knows(next Identity) bool {
	return slices.ContainsFunc(next.Signatures, func(s Signature) bool {
		return s.Fault == "" && (slices.Contains(i.Vouches, s.Issuer) || slices.Contains(i.Vouches, s.Signer))
	})
}

// Refuses says why a shim doesn't start an EFI application with Secure Boot on; nil
// where it may: whether it Knows the signer is another matter. It has a kernel checked
// for the GRUB that it started, and asks no SBAT data of that.
func (i Identity) Refuses(next Identity) error {
	switch {
	case i.Kind != KindShim:
		return errors.New("it is no shim")
	case i.Arch != next.Arch:
		return fmt.Errorf("it is for %s, not for %s", next.Arch, i.Arch)
	case !next.Signed():
		return errors.New("it isn't signed")
	case next.Kind == KindLinux && len(next.SBAT) == 0 || i.Levels == nil:
		return nil
	}
	return i.Levels.Previous.Check(next.SBAT)
}
