package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// Description is what a file is, for people and for JSON.
type Description struct {
	Path       string        `json:"path,omitempty"`     // none of what is embedded
	Embedded   string        `json:"embedded,omitempty"` // its name in Spur itself
	Kind       route.Kind    `json:"kind"`
	Firmware   boot.Firmware `json:"firmware"`
	Arch       boot.Arch     `json:"arch"`
	Hybrid     bool          `json:"hybrid,omitempty"` // loaders on a BIOS start it too
	Version    string        `json:"version,omitempty"`
	Vendor     string        `json:"vendor,omitempty"`
	Can        []string      `json:"can,omitempty"`
	Drivers    route.Drivers `json:"drivers,omitempty"`
	Prefix     string        `json:"prefix,omitempty"` // of a GRUB
	Signatures []Signature   `json:"signatures,omitempty"`
	SBAT       []string      `json:"sbat,omitempty"`
	Level      *Levels       `json:"sbat_levels,omitempty"` // of a shim
	Vouches    []string      `json:"vouches_for,omitempty"` // of a shim: the certificates of whose it starts
	Faults     []string      `json:"faults,omitempty"`
	// OwnKey is the operator's key with which Spur signs it while it serves it.
	OwnKey string `json:"own_key,omitempty"`
	// Shims say what those of this host make of it with Secure Boot on.
	Shims []ShimVerdict `json:"shims,omitempty"`
}

// Signature is one that a file has; Fault says what is wrong with it.
type Signature struct {
	Signer string `json:"signer"`
	Issuer string `json:"issuer"`
	Fault  string `json:"fault,omitempty"`
}

// Levels are what a shim demands of what it starts.
type Levels struct {
	Previous []string `json:"previous"`
	Latest   []string `json:"latest"`
}

// ShimVerdict is what a shim makes of a file: whether it knows the signer by itself,
// and why it doesn't start it in any case.
type ShimVerdict struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Knows   bool   `json:"knows_signer"`
	Refused string `json:"refused,omitempty"`
}

// Place says where it is, for people.
func (d Description) Place() string {
	return route.Binary{Build: route.Build{File: d.Embedded}, Path: d.Path}.Place()
}

// describeBinary describes a loader of this host, or one in Spur itself.
func describeBinary(b route.Binary) Description {
	d := describe(b.Path, b.Identity)
	if b.Path == "" {
		d.Embedded = b.File
	}
	return d
}

// describe puts an identity into words.
func describe(path string, id route.Identity) Description {
	d := Description{
		Hybrid: id.Hybrid,
		Path:   path, Kind: id.Kind, Firmware: id.Firmware, Arch: id.Arch, Version: id.Version, Vendor: id.Vendor,
		Can: id.Features.Names(), Drivers: id.Drivers, Prefix: id.Prefix, Vouches: id.Vouches, Faults: id.Faults,
	}
	for _, s := range id.Signatures {
		d.Signatures = append(d.Signatures, Signature{s.Signer, s.Issuer, s.Fault})
	}
	for _, e := range id.SBAT {
		d.SBAT = append(d.SBAT, e.String())
	}
	if id.Levels != nil {
		d.Level = &Levels{}
		for _, demand := range id.Levels.Previous.Demands {
			d.Level.Previous = append(d.Level.Previous, demand.String())
		}
		for _, demand := range id.Levels.Latest.Demands {
			d.Level.Latest = append(d.Level.Latest, demand.String())
		}
	}
	return d
}

// showFile says what a file is, whether Spur would hand it out or not, and what the
// shims of this host make of it.
func showFile(path, data string, own []string) (Description, error) {
	id, err := loader.IdentifyFile(path)
	if err != nil {
		return Description{}, err
	}
	d := describe(path, id)
	if id.Firmware != boot.UEFI {
		return d, nil
	}
	key, err := SigningKey(data)
	if err != nil {
		return Description{}, err
	}
	if key != nil {
		d.OwnKey = key.Name()
	}
	err = d.askShims(id, data, own)
	return d, err
}

// askShims adds what the shims of this host make of a file as it is. Of one without a
// signature they are not asked where Spur adds one.
func (d *Description) askShims(id route.Identity, data string, own []string) error {
	if id.Kind == route.KindShim || d.OwnKey != "" && len(id.Signatures) == 0 {
		return nil
	}
	found, err := FindLoaders(data, own)
	if err != nil {
		return err
	}
	for _, b := range found {
		if b.Identity.Kind != route.KindShim || b.Identity.Arch != id.Arch || !b.Identity.Signed() {
			continue
		}
		v := ShimVerdict{Path: b.Place(), Version: b.Identity.Version, Knows: b.Identity.Knows(id)}
		if err := b.Identity.Refuses(id); err != nil {
			v.Refused = err.Error()
		}
		d.Shims = append(d.Shims, v)
	}
	return nil
}

// SecureBoot says what firmware with Secure Boot on makes of a file.
func (d Description) SecureBoot() string {
	if d.OwnKey == "" || d.Firmware != boot.UEFI {
		return d.asItIs()
	}
	own := fmt.Sprintf("started where your key is enrolled, %s, with which Spur signs it while it serves it", d.OwnKey)
	if len(d.Signatures) == 0 {
		return own
	}
	return own + "; as it is " + d.asItIs()
}

// asItIs says what firmware with Secure Boot on makes of a file to which nobody adds a
// signature.
func (d Description) asItIs() string {
	i := slices.IndexFunc(d.Signatures, func(s Signature) bool { return s.Fault == "" })
	microsoft := func(name string) bool {
		return slices.ContainsFunc(d.Signatures, func(s Signature) bool { return s.Fault == "" && s.Issuer == name })
	}
	switch {
	case d.Firmware != boot.UEFI:
		return ""
	case i < 0:
		return "refused: it isn't signed, unless Spur signs it with keys of yours (spur loader keys)"
	case microsoft(route.MicrosoftCA2011) && microsoft(route.MicrosoftCA2023):
		return "started by firmware with Microsoft's keys of 2011, of 2023 or both"
	case microsoft(route.MicrosoftCA2011):
		return "started by firmware with Microsoft's key of 2011, which newer machines may lack"
	case microsoft(route.MicrosoftCA2023):
		return "started by firmware with Microsoft's key of 2023, which older machines may lack"
	}
	return fmt.Sprintf("started where the certificate %q is known: by its shim, or by firmware that has it", cmp.Or(d.Signatures[i].Issuer, d.Signatures[i].Signer))
}

// Platform is what it runs on.
func (d Description) Platform() string {
	return route.Identity{Firmware: d.Firmware, Arch: d.Arch, Hybrid: d.Hybrid}.Platform()
}

// Title is what it is in a few words.
func (d Description) Title() string {
	by := ""
	if d.Vendor != "" && d.Vendor != string(d.Kind) {
		by = " by " + d.Vendor
	}
	if d.Version != "" {
		by = " " + d.Version + by
	}
	return fmt.Sprintf("%s%s for %s", d.Kind, by, d.Platform())
}

// TitleOf is what a loader is in a few words, and what it stands for.
func TitleOf(b route.Binary) string {
	return describeBinary(b).Title() + " as " + b.File
}

// SignedBy says who signed it.
func (d Description) SignedBy() string {
	var by []string
	for _, s := range d.Signatures {
		by = append(by, s.String())
	}
	if by == nil {
		return ""
	}
	return "signed by " + strings.Join(by, "; ")
}

// String is who signed, and what is wrong with it.
func (s Signature) String() string {
	text := fmt.Sprintf("%s (%s)", s.Signer, s.Issuer)
	if s.Fault != "" {
		text += ", but " + s.Fault
	}
	return text
}

// String is what the shim makes of a file.
func (v ShimVerdict) String() string {
	switch {
	case v.Refused != "":
		return fmt.Sprintf("refuses it: %s (%s)", v.Refused, v.Path)
	case v.Knows:
		return fmt.Sprintf("starts it (%s)", v.Path)
	}
	return fmt.Sprintf("starts it only where its signer was enrolled by mokutil (%s)", v.Path)
}
