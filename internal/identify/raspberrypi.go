package identify

import "github.com/spurboot/spur/internal/boot"

// RaspberryPi is a Raspberry Pi of which no more is known than its address.
func RaspberryPi(mac boot.MAC) boot.Client {
	return boot.Client{MAC: mac, Firmware: boot.RPiFirmware, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.RPi}
}
