package pxe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// raspberryPi tells whether the sender is a Raspberry Pi's own bootloader. Over
// DHCPv4 it says that it is an x86 BIOS, in options 60 and 93 alike
// (raspberrypi/rpi-eeprom issue 182, raspberrypi/firmware issue 1928), whatever
// board it is on. What tells it apart is option 97, which begins with RPi and
// the model's digit since the bootloader of 2020 (documentation of
// DHCP_OPTION97), and else its address: no PC has one of these. UEFI firmware
// and iPXE on a Raspberry Pi say so themselves.
func (r Request) raspberryPi() bool {
	switch {
	case r.Arch() == ArchRPi:
		return true
	case r.Arch() != ArchBIOS:
		return false
	case r.HasUUID && bytes.HasPrefix(r.UUID[:], []byte("RPi")):
		return true
	}
	return IsRaspberryPi(r.MAC)
}

// IsRaspberryPi tells whether an address is one of the blocks that the IEEE has
// registered for Raspberry Pi.
func IsRaspberryPi(mac []byte) bool {
	return len(mac) == 6 && slices.Contains([][3]byte{
		{0xb8, 0x27, 0xeb}, {0xdc, 0xa6, 0x32}, {0xe4, 0x5f, 0x01}, {0x28, 0xcd, 0xc1},
		{0xd8, 0x3a, 0xdd}, {0x2c, 0xcf, 0x67}, {0x88, 0xa2, 0x9e},
	}, [3]byte(mac))
}

// readRaspberryPi takes the board's model and its serial number out of option 97.
// From the bootloader of March 2020 on that is RPi and the model's digit, the board's
// revision, the last four bytes of its address and its serial number (documentation of
// DHCP_OPTION97); before, and from bootcode.bin, the serial number four times; from the
// ROM of a 3B always 0x44 (documentation, "DHCP UUID constant"). The number is
// little-endian: captures name the folder 5b154510 after 10 45 15 5b.
func (r *Request) readRaspberryPi() {
	r.Model = "Raspberry Pi"
	if !r.HasUUID {
		return
	}
	id := r.UUID[:]
	serial := id[12:]
	switch digit := id[3]; {
	case bytes.HasPrefix(id, []byte("RPi")) && digit >= '1' && digit <= '9':
		r.Model += " " + string(rune(digit))
	case bytes.Equal(id, bytes.Repeat([]byte{0x44}, len(id))):
		r.Model += " 3"
		return
	case !bytes.Equal(id, bytes.Repeat(serial, 4)):
		return
	}
	r.Serial = fmt.Sprintf("%08x", binary.LittleEndian.Uint32(serial))
}

// raspberryPiItem is the menu item that a Raspberry Pi looks for. The ROM of a 3B
// takes no shorter text, "due to an error calculating the string length"
// (documentation, "Raspberry Pi Boot string"); later ones take any that begins so
// (rpi-eeprom's release notes of 2019-10-16).
const raspberryPiItem = "Raspberry Pi Boot   "

// raspberryPiOptions are option 43 as dnsmasq writes it, with which all models have
// been started: neither broadcast nor multicast, a prompt that waits for nobody, and
// the item as the only one, since the bootloader of a 4 read but the first until 2020
// (rpi-eeprom issue 60). The item's boot server type is 0.
func raspberryPiOptions() []byte {
	const prompt = "PXE"
	v := []byte{subDiscoveryControl, 1, noBroadcast | noMulticast}
	v = append(append(v, subPrompt, uint8(1+len(prompt)), 0), prompt...)
	v = append(append(v, subMenu, uint8(3+len(raspberryPiItem)), 0, 0, uint8(len(raspberryPiItem))), raspberryPiItem...)
	return append(v, subEnd)
}

// writeRaspberryPi makes a reply one that a Raspberry Pi takes. It goes by option 43
// alone, fetches from siaddr or from whoever has answered, and by names of its own.
// Options 66 and 67 are left out, as by dnsmasq: before 2020 a 4 took no reply with a
// PAD among its options (rpi-eeprom issue 82), and read more into option 66 than is
// there (issue 72).
func (b Boot) writeRaspberryPi(reply *dhcpv4.DHCPv4) {
	reply.Options[optClass] = []byte(PXEClient)
	reply.Options[optVendor] = raspberryPiOptions()
	reply.ServerIPAddr = b.Server.AsSlice()
	if b.RootPath != "" {
		reply.Options[optRootPath] = []byte(b.RootPath)
	}
}
