package lab

import (
	"fmt"
	"net"
	"strconv"
)

// Hardware is what a machine is made of.
type Hardware struct {
	Firmware Firmware
	Ports    []Port // network cards, the first boots first
	Memory   int    // MiB, by default 512, and more on ARM and RISC-V
	CPUs     int    // by default 1
	UUID     string // SMBIOS; by default made from the first card's address
	Display  string // QEMU's -display: by default none; "vnc", "gtk", "sdl"
	NoReboot bool   // a reset ends the machine
	Args     []string
}

// A Port is a network card of a machine and its cable to a wire.
type Port struct {
	Wire  *Wire
	MAC   net.HardwareAddr // by default 52:54:00:77:00:01 and so on
	Model string           // by default virtio-net-pci; another is e1000 (BIOS only: edk2 has no driver for it, nor has Debian's cloud kernel)

	// ROM keeps the card's own option ROM, which is iPXE, on a UEFI machine
	// too; edk2's PXE is not used then. A BIOS machine always has it.
	ROM bool

	// PlainROM takes out of the machine's DHCP requests what tells that the
	// option ROM is iPXE, until the first file is asked for.
	PlainROM bool

	Loss    Loss     // of the cable
	Filters []Filter // see every frame of the cable
}

// withDefaults fills in what was left open. number is the machine's in its lab.
func (h Hardware) withDefaults(number int) (Hardware, error) {
	if len(h.Ports) == 0 {
		return h, fmt.Errorf("a machine needs a network card: give it a Port")
	}
	if len(h.Ports) > 16 || number > 255 {
		return h, fmt.Errorf("at most 16 network cards and 255 machines in a lab")
	}
	ports := make([]Port, len(h.Ports))
	for i, p := range h.Ports {
		if p.Wire == nil {
			return h, fmt.Errorf("network card %d has no wire", i)
		}
		if p.MAC == nil && i == 0 {
			p.MAC = h.fixedMAC()
		}
		if p.MAC == nil {
			p.MAC = net.HardwareAddr{0x52, 0x54, 0x00, 0x77, byte(i), byte(number)}
		}
		if p.Model == "" {
			p.Model = "virtio-net-pci"
		}
		ports[i] = p
	}
	h.Ports = ports
	if h.CPUs == 0 {
		h.CPUs = 1
	}
	if h.UUID == "" {
		h.UUID = fmt.Sprintf("8a3f1c52-6d0e-4b7a-9c21-%x", []byte(ports[0].MAC))
	}
	return h, nil
}

// fixedMAC is the address that the firmware gives the first card; nil where it has its
// own.
func (h Hardware) fixedMAC() net.HardwareAddr {
	f, _ := findFirmware(h.Firmware)
	return f.mac
}

// board are QEMU's arguments apart from firmware, cards and sockets. TCG is
// used even where KVM would be there: what a test sees must not depend on it.
func (h Hardware) board(p platform) ([]string, error) {
	if h.Memory == 0 {
		h.Memory = p.memory
	}
	args := []string{
		"-nodefaults", "-no-user-config",
		"-accel", "tcg,thread=multi",
		"-smp", strconv.Itoa(h.CPUs), "-m", strconv.Itoa(h.Memory),
		"-uuid", h.UUID,
		"-display", h.display(),
	}
	args = append(args, p.args...)
	if p.bios != (packaged{}) {
		bios, err := p.bios.find()
		if err != nil {
			return nil, err
		}
		args = append(args, "-bios", bios)
	}
	if h.NoReboot {
		args = append(args, "-no-reboot")
	}
	return append(args, h.Args...), nil
}

func (h Hardware) display() string {
	switch h.Display {
	case "":
		return "none"
	case "vnc":
		return "vnc=127.0.0.1:0,to=99"
	}
	return h.Display
}
