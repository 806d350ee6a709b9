package onlooker

import (
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/record"
)

// recordOf is what a capture has of a machine as a record. Its servers are others'.
func recordOf(m *capture.Machine) record.Record {
	r := record.Record{Head: record.Head{MAC: m.MAC, DHCP: "proxy", Began: m.Items[0].Time}}
	for _, i := range m.Items {
		if i.Proto != capture.DHCP && i.Proto != capture.DHCP6 {
			continue
		}
		p := record.Packet{Way: record.Heard, Proto: record.Proto(i.Proto), Src: i.Src, Dst: i.Dst, Bytes: i.Message}
		if asks(i) {
			p.Way = record.Request
		}
		if len(i.From) == len(boot.MAC{}) {
			card := boot.MAC(i.From)
			p.Card = &card
		}
		r.Entries = append(r.Entries, record.Entry{After: i.Time.Sub(r.Head.Began).Seconds(), Packet: &p})
	}
	return r
}

// asks tells whether a packet is a client's, and not a server's.
func asks(i *capture.Item) bool {
	if i.Proto == capture.DHCP {
		return len(i.Message) > 0 && i.Message[0] == byte(dhcpv4.OpcodeBootRequest)
	}
	_, _, err := dhcp6.Parse(i.Message)
	return err == nil
}
