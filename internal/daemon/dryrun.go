package daemon

import (
	"context"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/hint"
	"github.com/spurboot/spur/internal/route"
)

// DryRun checks all that Boot would need except the ports, and says what each
// kind of machine would be given.
func DryRun(ctx context.Context, c Config, t Target) error {
	interfaces, err := dhcp.Interfaces(c.Interfaces)
	if err != nil {
		return hint.Wrap(err, "choose one with --interface")
	}
	d, l, err := openWith(ctx, c, t)
	if err != nil {
		return err
	}
	defer d.close()
	if c.DHCP == OwnDHCP {
		if _, err := c.pools(interfaces); err != nil {
			return err
		}
	}
	e := explanation{out: c.Out}
	e.line("Spur would boot %s (%s) on %s.", l.payload.Title(), l.about, describeInterfaces(interfaces))
	for _, w := range l.warnings {
		e.line("warning: %s", w)
	}
	for _, line := range surroundings(c, interfaces, nil) {
		e.line("%s", line)
	}
	for _, client := range everyClient() {
		ladder := route.Routes(client, l.payload, d.loaders)
		first, ok := ladder.Pick(nil)
		what := ladder.Obstacle(client)
		if ok {
			what = first.Give + " over " + strings.ToUpper(string(first.Via)) + " (" + first.Name + ")"
		}
		e.line("  %-9s %-18s %s", client.Platform(), describeLoader(client), what)
	}
	return nil
}

// everyClient lists the kinds of machines that the route table knows apart.
func everyClient() []boot.Client {
	bios := boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
	uefi := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
	var all []boot.Client
	for _, c := range []boot.Client{bios, uefi} {
		ipxe := c
		ipxe.Loader, ipxe.Features = boot.IPXE, boot.CanHTTP|boot.CanTFTP
		without := ipxe
		without.Features = boot.CanTFTP
		all = append(all, c, ipxe, without)
	}
	return all
}
