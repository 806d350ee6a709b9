package outlook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Refused says what of a target UEFI machines with Secure Boot on would refuse.
func (o Outlook) Refused(t Target) []string {
	payloads := []boot.Payload{t.Payload}
	for _, other := range t.Others {
		payloads = append(payloads, other.Payload)
	}
	for _, i := range t.Items {
		payloads = append(payloads, i.Payload)
	}
	var all []string
	for _, p := range payloads {
		if why := o.RefusedPayload(p); why != "" && !slices.Contains(all, why) {
			all = append(all, why)
		}
	}
	return all
}

// RefusedPayload says in one line why UEFI machines with Secure Boot on would refuse a
// payload, and what to do; empty where nothing is known against it, or where the
// operator has said of all machines what they have.
func (o Outlook) RefusedPayload(p boot.Payload) string {
	host := o.Host
	file, arch, signed := signedPayload(p)
	switch {
	case host.Signs || host.SecureBoot == route.SecureBootOn || host.SecureBoot == route.SecureBootOff || !o.Kinds.hasUEFI(arch):
		return ""
	case file.Source == "":
		return o.lockedOut(p)
	case !signed:
		return p.Title() + " isn't signed, and UEFI machines with Secure Boot on won't start it; boot one that is, have Spur sign it with keys of yours (spur loader keys), or say by --secure-boot off that no machine has it on"
	}
	why := o.wrongSignature(file)
	if why == "" && p.Kind() == boot.KindLinux {
		why = o.brokenChain(p, arch)
	}
	if why == "" {
		return ""
	}
	return fmt.Sprintf("UEFI machines with Secure Boot on won't start %s: %s", p.Title(), why)
}

// signedPayload is the file of a payload that UEFI firmware starts, and whether it has
// a signature; the zero value where it has no such file.
func signedPayload(p boot.Payload) (file boot.File, arch boot.Arch, signed bool) {
	switch content := p.Content.(type) {
	case boot.Linux:
		if content.Abilities.Known && content.Abilities.EFIStub {
			return content.Kernel, content.Arch, content.Abilities.Signed
		}
	case boot.EFI:
		return content.Program, content.Arch, content.Signed
	case boot.Xen:
		return content.Program, content.Arch, content.Signed
	}
	return boot.File{}, "", false
}

// wrongSignature says what is wrong with the signatures of a file, or at what the
// shims of this host would stop; "" for nothing. A URL's is not looked at, which would
// fetch all of it, and what lies in an image only on its way to a machine.
func (o Outlook) wrongSignature(file boot.File) string {
	if file.IsURL() || file.Inside != "" {
		return ""
	}
	id, err := o.identify(file.Source)
	switch {
	case err != nil:
		return "" // whoever opens it says what is wrong
	case !id.Signed():
		return strings.Join(append(faultsOf(id), id.Faults...), "; ") + "; get the file again from who made it"
	case id.IssuedBy(route.MicrosoftCA2011) || id.IssuedBy(route.MicrosoftCA2023):
		return ""
	}
	for _, b := range o.Host.Loaders {
		if b.Identity.Kind != route.KindShim || b.Identity.Arch != id.Arch || !b.Identity.Signed() {
			continue
		}
		if err := b.Identity.Refuses(id); err != nil {
			return fmt.Sprintf("shim %s refuses it: %v; take a newer one", b.Identity.Version, err)
		}
	}
	return ""
}

func faultsOf(id route.Identity) []string {
	var all []string
	for _, s := range id.Signatures {
		if s.Fault != "" {
			all = append(all, fmt.Sprintf("its signature by %s is wrong: %s", s.Signer, s.Fault))
		}
	}
	return all
}

// brokenChain says why no shim of this host leads to a kernel although there is one
// with a GRUB; "" where one does, or its medium's own, or where there are none.
func (o Outlook) brokenChain(p boot.Payload, arch boot.Arch) string {
	has := map[route.Kind]bool{}
	for _, b := range o.Host.Loaders {
		if b.Identity.Arch == arch && b.Identity.Signed() {
			has[b.Identity.Kind] = true
		}
	}
	if !has[route.KindShim] || !has[route.KindGRUB] {
		return ""
	}
	if o.byMedium(p, arch) {
		return ""
	}
	why := ""
	for _, via := range []route.Via{route.TFTP, route.HTTP} {
		client := o.Asks(boot.Client{Firmware: boot.UEFI, Arch: arch, Loader: boot.ROM, Proto: boot.PXE, SecureBoot: true})
		_, reason := o.Host.Loaders.Chain(route.Route{Loader: boot.GRUB, Via: via}, client)
		if reason == "" {
			return ""
		}
		why = cmp.Or(why, reason)
	}
	return why
}

// byMedium tells whether a payload's medium leads machines with Secure Boot on to it.
func (o Outlook) byMedium(p boot.Payload, arch boot.Arch) bool {
	for _, proto := range []boot.Proto{boot.PXE, boot.HTTP} {
		client := o.Asks(boot.Client{Firmware: boot.UEFI, Arch: arch, Loader: boot.ROM, Proto: proto, SecureBoot: true})
		for _, r := range route.Routes(client, p, o.Host).Routes {
			if r.Medium != "" {
				return true
			}
		}
	}
	return false
}
