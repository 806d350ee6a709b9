package medium

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// EFI is a program for UEFI firmware.
type EFI struct {
	Path   string     `json:"path"`
	Kind   route.Kind `json:"kind"`
	Arch   boot.Arch  `json:"arch"`
	Is     string     `json:"is"`
	Can    []string   `json:"can,omitempty"`
	Prefix string     `json:"prefix,omitempty"` // of a GRUB
	Signed []string   `json:"signed_by"`        // by whose certificates, where the signature is right
	Starts string     `json:"starts,omitempty"` // of a shim: the GRUB that it starts
	Fault  string     `json:"fault,omitempty"`  // why it doesn't
}

// describeEFI describes the programs for UEFI firmware.
func (d Disc) describeEFI() []EFI {
	all := []EFI{}
	files := d.EFI()
	for _, f := range files {
		e := EFI{Path: d.pathText(f.Path), Kind: f.Kind, Arch: f.Arch, Is: f.words() + " for UEFI " + string(f.Arch), Prefix: f.Prefix, Signed: []string{}}
		for _, s := range f.Signatures {
			if s.Fault == "" {
				e.Signed = append(e.Signed, cmp.Or(s.Issuer, s.Signer))
			}
		}
		if f.Kind == route.KindGRUB {
			e.Can = f.Features.Names()
		}
		if grub, ok := started(f, files, route.KindGRUB); ok && f.Kind == route.KindShim {
			e.Starts, e.Fault = d.pathText(grub.Path), d.chain(f, grub).Fault
		}
		all = append(all, e)
	}
	return all
}

// pathText is the path of a file for people.
func (d Disc) pathText(name string) string {
	if inner, ok := strings.CutPrefix(name, boot.EFIImage); ok {
		return inner + " in the boot image"
	}
	return name
}

func (e EFI) writeText(line func(name, text string)) {
	text := fmt.Sprintf("%s: %s, signed by %s", e.Path, e.Is, cmp.Or(strings.Join(e.Signed, ", "), "nobody"))
	if e.Prefix != "" {
		text += ", looks in " + e.Prefix
	}
	line("UEFI", text)
	if len(e.Can) > 0 {
		line("", "  it has: "+strings.Join(e.Can, ", "))
	}
	switch {
	case e.Fault != "":
		line("", "  "+e.Fault)
	case e.Starts != "":
		line("", "  it starts "+e.Starts)
	}
}
