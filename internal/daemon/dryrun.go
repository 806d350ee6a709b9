package daemon

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// given says in one line for each kind of machine what it is given. A payload that
// no machine can boot is an error.
func (o outlook) given(l looked) ([]string, error) {
	lines, err := o.givenOne(o.overEach(everyClient(l.payload)), l.payload)
	for _, other := range l.others {
		if err != nil {
			return nil, err
		}
		var more []string
		more, err = o.givenOne(o.overEach(everyUEFI(other.arch)), other.payload)
		lines = append(lines, more...)
	}
	return lines, err
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

// everyClient lists the kinds of machines that the route table knows apart, of
// the architecture that a payload is for.
func everyClient(p boot.Payload) []boot.Client {
	arch := cmp.Or(archOfPayload(p), boot.X64)
	all := everyUEFI(arch)
	if arch == boot.X64 || arch == boot.X86 {
		bios := boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
		all = append(everySpeaker(bios), all...)
	}
	return all
}

// everyUEFI lists those with UEFI firmware.
func everyUEFI(arch boot.Arch) []boot.Client {
	pxe := boot.Client{Firmware: boot.UEFI, Arch: arch, Proto: boot.PXE, Loader: boot.ROM}
	http := pxe
	http.Proto = boot.HTTP
	return append(everySpeaker(pxe), http)
}

// everySpeaker is a machine whose ROM speaks, and what it becomes with iPXE.
func everySpeaker(rom boot.Client) []boot.Client {
	ipxe := rom
	ipxe.Loader, ipxe.Features = boot.IPXE, boot.UsualIPXE
	without := ipxe
	without.Features &^= boot.CanHTTP
	return []boot.Client{rom, ipxe, without}
}

// archOfPayload is what a payload is built for; empty where it doesn't matter, or
// isn't known.
func archOfPayload(p boot.Payload) boot.Arch {
	switch content := p.Content.(type) {
	case boot.Linux:
		return content.Arch
	case boot.EFI:
		return content.Arch
	}
	return ""
}
