package daemon

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// given says in one line for each kind of machine what it is given. A payload that
// no machine can boot is an error.
func (o outlook) given(l looked) ([]string, error) {
	if l.menu != nil {
		return o.givenByMenu(l)
	}
	lines, err := o.givenOne(o.overEach(everyClient(l.payload)), l.payload)
	for _, other := range l.others {
		if err != nil {
			return nil, err
		}
		var more []string
		more, err = o.givenOne(o.overEach(append(everyUEFI(other.arch), everyUBoot(other.arch)...)), other.payload)
		lines = append(lines, more...)
	}
	return lines, err
}

// givenByMenu does so for each item of a menu that is ours. A machine is shown those
// that it can boot, so one that none can boot is an error.
func (o outlook) givenByMenu(l looked) ([]string, error) {
	var lines []string
	for n, i := range l.items {
		one, err := o.given(i.looked)
		if err != nil {
			return nil, err
		}
		lines = append(append(lines, fmt.Sprintf("  Item %d, %s:", n+1, i.Title)), one...)
	}
	return lines, nil
}

// givenOne does so for one payload.
func (o outlook) givenOne(clients []boot.Client, p boot.Payload) ([]string, error) {
	var lines []string
	var obstacles []string
	width := len("iPXE without HTTP ")
	if o.ipv6 {
		width = len("iPXE with HTTP over IPv6")
	}
	for _, client := range clients {
		ladder := route.Routes(o.asks(client), p, o.host)
		what := ladder.Obstacle(client)
		if first, ok := ladder.Pick(nil); ok {
			what = first.Give + " over " + strings.ToUpper(string(first.Via)) + " (" + first.Name + ")"
		} else if file, ok := o.pointed(client, p); ok {
			what = file + ", which your DHCP server names, then as iPXE"
		} else {
			obstacles = append(obstacles, fmt.Sprintf("%s: %s", client.Platform(), what))
		}
		lines = append(lines, fmt.Sprintf("  %-12s %-*s %s", client.Platform(), width, describeLoader(client), what))
	}
	if len(obstacles) == len(lines) {
		return nil, advice.New(fmt.Sprintf("no machine that Spur has a way for can boot %s: %s", p.Title(), obstacles[0]),
			"spur explain says what is in the way of each kind of machine")
	}
	return lines, nil
}

// pointed is the iPXE that another DHCP server is told to name to a ROM, where by it the
// machine boots a payload that brings its own loaders.
func (o outlook) pointed(c boot.Client, p boot.Payload) (file string, ok bool) {
	if file = "snponly.efi"; c.Firmware == boot.BIOS {
		file = "undionly.kpxe"
	}
	if !o.host.RootOnly || c.Loader != boot.ROM || c.Firmware != boot.BIOS && c.Arch != boot.X64 {
		return "", false
	}
	_, why := o.host.Named(file)
	c.Loader, c.Features, c.Proto = boot.IPXE, boot.UsualIPXE, boot.PXE
	return file, why == "" && len(route.Routes(o.asks(c), p, o.host).Routes) > 0
}

// everyClient lists the kinds of machines that the route table knows apart, of
// the architecture that a payload is for.
func everyClient(p boot.Payload) []boot.Client {
	if images, ok := p.Content.(boot.NetBoot); ok {
		return everyMac(images)
	}
	var all []boot.Client
	arches := archesOf(p)
	for _, arch := range arches {
		all = append(all, append(everyUEFI(arch), everyUBoot(arch)...)...)
	}
	if slices.Contains(arches, boot.X64) || slices.Contains(arches, boot.X86) {
		bios := boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
		all = append(everySpeaker(bios), all...)
	}
	return all
}

// archesOf are the architectures of machines that a payload may be for: x64 if it
// says nothing, and of a folder, which may well be for others too.
func archesOf(p boot.Payload) []boot.Arch {
	folder, ok := p.Content.(boot.Folder)
	if !ok {
		return []boot.Arch{cmp.Or(p.Arch(), boot.X64)}
	}
	all := []boot.Arch{boot.X64}
	for _, program := range folder.Programs {
		if program.Firmware != boot.BIOS && !slices.Contains(all, program.Arch) {
			all = append(all, program.Arch)
		}
	}
	return all
}

// everyUEFI lists those with UEFI firmware.
func everyUEFI(arch boot.Arch) []boot.Client {
	pxe := boot.Client{Firmware: boot.UEFI, Arch: arch, Proto: boot.PXE, Loader: boot.ROM}
	http := pxe
	http.Proto = boot.HTTP
	all := append(everySpeaker(pxe), http)
	if arch == boot.ARM64 {
		all = append(all, raspberryPi(boot.MAC{}))
	}
	return all
}

// everyUBoot lists boards with U-Boot, as which it asks for a script and for an EFI
// application, of the architectures of which there are some.
func everyUBoot(arch boot.Arch) []boot.Client {
	if arch != boot.ARM && arch != boot.ARM64 && arch != boot.RISCV64 {
		return nil
	}
	script := boot.Client{Firmware: boot.Board, Arch: arch, Proto: boot.PXE, Loader: boot.UBoot}
	efi := script
	efi.Firmware = boot.UEFI
	return []boot.Client{script, efi}
}

// everySpeaker is a machine whose ROM speaks, and what it becomes with iPXE.
func everySpeaker(rom boot.Client) []boot.Client {
	ipxe := rom
	ipxe.Loader, ipxe.Features = boot.IPXE, boot.UsualIPXE
	without := ipxe
	without.Features &^= boot.CanHTTP
	return []boot.Client{rom, ipxe, without}
}
