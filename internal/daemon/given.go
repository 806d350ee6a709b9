package daemon

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// given says in one line for each kind of machine what it is given to boot a
// payload. A payload that no machine can boot is an error.
func given(p boot.Payload, have route.Binaries) ([]string, error) {
	var lines []string
	var obstacles []string
	for _, client := range everyClient() {
		ladder := route.Routes(client, p, have)
		what := ladder.Obstacle(client)
		if first, ok := ladder.Pick(nil); ok {
			what = first.Give + " over " + strings.ToUpper(string(first.Via)) + " (" + first.Name + ")"
		} else {
			obstacles = append(obstacles, fmt.Sprintf("%s: %s", client.Platform(), what))
		}
		lines = append(lines, fmt.Sprintf("  %-9s %-18s %s", client.Platform(), describeLoader(client), what))
	}
	if len(obstacles) == len(lines) {
		return nil, advice.New(fmt.Sprintf("no machine that Spur has a way for can boot %s: %s", p.Title(), obstacles[0]),
			"spur explain says what is in the way of each kind of machine")
	}
	return lines, nil
}

// everyClient lists the kinds of machines that the route table knows apart.
func everyClient() []boot.Client {
	bios := boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
	uefi := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
	var all []boot.Client
	for _, c := range []boot.Client{bios, uefi} {
		ipxe := c
		ipxe.Loader, ipxe.Features = boot.IPXE, boot.UsualIPXE
		without := ipxe
		without.Features &^= boot.CanHTTP
		all = append(all, c, ipxe, without)
	}
	return all
}
