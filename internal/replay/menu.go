package replay

import (
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/record"
)

// checkMenu refuses to play a boot by a menu of Spur's without one: what was chosen from
// it would be left to others.
func (p *player) checkMenu() error {
	if p.Menu != nil || p.Only != 0 {
		return nil
	}
	for n, e := range p.record.Entries {
		if e.Packet == nil || e.Packet.Way != record.Request || e.Packet.Proto != record.DHCP || p.answered(n) == nil {
			continue
		}
		m, err := dhcp.ParseRequest(e.Packet.Bytes)
		if err != nil {
			continue
		}
		if item := pxe.Read(m).BootItem; item != nil && item.Type != pxe.LocalBoot && item.Type != pxe.OwnType {
			return advice.New(fmt.Sprintf("the machine chose boot server type %s, which Spur was, from a menu", item.Type),
				"name the menu as to spur boot, with --menu pxe and its items, or Spur's type with --as-boot-server")
		}
	}
	return nil
}
