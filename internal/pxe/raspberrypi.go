package pxe

import (
	"bytes"
	"slices"
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
	return len(r.MAC) == 6 && slices.Contains(raspberryPiOUIs(), [3]byte(r.MAC))
}

// raspberryPiOUIs are the blocks of addresses that the IEEE has registered for
// Raspberry Pi.
func raspberryPiOUIs() [][3]byte {
	return [][3]byte{
		{0xb8, 0x27, 0xeb}, {0xdc, 0xa6, 0x32}, {0xe4, 0x5f, 0x01}, {0x28, 0xcd, 0xc1},
		{0xd8, 0x3a, 0xdd}, {0x2c, 0xcf, 0x67}, {0x88, 0xa2, 0x9e},
	}
}
