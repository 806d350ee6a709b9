package explain

import (
	"cmp"
	"fmt"
	"net/netip"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/pxe"
)

// Question is what `spur explain` asks: what would this client be given?
type Question struct {
	Client  boot.Client
	AnyMAC  bool   // the client's MAC is an example, by which nothing is found
	Item    string // of a menu, by its title or its number: what it boots; empty for the menu itself
	Bytes   bool   // show the offers byte by byte
	Packets bool   // show the first exchange of the best route packet by packet
}

// ParseQuestion makes a client of the words of the command line.
func ParseQuestion(firmware, arch, proto, speaking string, server netip.Addr) (Question, error) {
	if arch != "" {
		known, err := boot.ParseArch(arch)
		if err != nil {
			return Question{}, advice.Wrap(err, "name one of them, or leave --arch out")
		}
		arch = string(known)
	}
	c := boot.Client{
		MAC:      boot.MAC{0x52, 0x54, 0, 0x12, 0x34, 0x56},
		UUID:     boot.UUID{0x52, 0x54, 0, 0x12, 0x34, 0x56, 0x40, 0, 0x80, 0, 0x52, 0x54, 0, 0x12, 0x34, 0x56},
		Firmware: boot.Firmware(firmware), Arch: boot.Arch(arch), Proto: boot.Proto(proto), Loader: boot.ROM, Server: server, IPv6: server.Is6(),
	}
	if c.Firmware == boot.RPiFirmware {
		return askRPi(c, speaking)
	}
	if err := speaks(&c, speaking); err != nil {
		return Question{}, err
	}
	if c.Proto == boot.BSDP {
		return macQuestion(c)
	}
	if c.Firmware != boot.BIOS && c.Firmware != boot.UEFI && c.Firmware != boot.Board {
		return Question{}, advice.New(fmt.Sprintf("--firmware %s is unknown", firmware), "it is bios, uefi, raspberry-pi or u-boot, or with --proto bsdp open-firmware")
	}
	if c.Loader == boot.UBoot {
		return uBootQuestion(c)
	}
	if err := asksBy(c, speaking); err != nil {
		return Question{}, err
	}
	if c.Firmware == boot.BIOS {
		return biosQuestion(c)
	}
	c.Arch = cmp.Or(c.Arch, boot.X64)
	if identify.ArchOf(c) == pxe.ArchBIOS {
		return Question{}, advice.New(fmt.Sprintf("no %s machine of architecture %s is known", firmware, arch), "it is one of x86, x64, arm, arm64, riscv64, loong64")
	}
	return Question{Client: c}, nil
}

// speaks has a client be what speaks for the machine.
func speaks(c *boot.Client, speaking string) error {
	switch speaking {
	case "", "rom":
		if c.Firmware == boot.Board {
			c.Loader = boot.UBoot
		}
	case "u-boot":
		c.Loader = boot.UBoot
	case "ipxe":
		c.Loader, c.Features = boot.IPXE, boot.UsualIPXE
	case "ipxe-with-https":
		c.Loader, c.Features = boot.IPXE, boot.UsualIPXE|boot.CanHTTPS
	case "ipxe-without-http":
		c.Loader, c.Features = boot.IPXE, boot.UsualIPXE&^boot.CanHTTP
	case "gpxe":
		c.Loader, c.Features = boot.GPXE, boot.UsualIPXE
	case "ipxe-without-bzimage":
		c.Loader, c.Features = boot.IPXE, boot.UsualIPXE&^boot.CanBzImage
	default:
		return advice.New(fmt.Sprintf("--speaker %s is unknown", speaking), "it is rom, ipxe, ipxe-with-https, ipxe-without-http, ipxe-without-bzimage, gpxe or u-boot")
	}
	return nil
}

// asksBy refuses what speaks by no such protocol, or on no such firmware.
func asksBy(c boot.Client, speaking string) error {
	if c.Proto != boot.PXE && c.Proto != boot.HTTP {
		return advice.New(fmt.Sprintf("--proto %s is unknown", c.Proto), "it is pxe, http or bsdp")
	}
	if c.Loader == boot.GPXE && c.Firmware != boot.BIOS {
		return advice.New("Spur boots a gPXE on a BIOS alone", "add --firmware bios")
	}
	if c.Loader == boot.IPXE && c.Proto == boot.HTTP {
		return advice.New("iPXE asks by PXE, whatever it was loaded by", "leave --proto http out, or --speaker "+speaking)
	}
	return nil
}

// biosQuestion is that of a machine with a BIOS.
func biosQuestion(c boot.Client) (Question, error) {
	if c.Arch == boot.X64 {
		return Question{}, advice.New("--arch x64 says nothing of a BIOS, which calls itself x86 whatever its processor is", "leave --arch out: a kernel for x64 is taken to fit")
	}
	c.Arch = cmp.Or(c.Arch, boot.X86)
	if c.Arch != boot.X86 || c.Proto != boot.PXE {
		return Question{}, advice.New(fmt.Sprintf("no machine of architecture %s has a BIOS that boots by %s", c.Arch, c.Proto), "a BIOS is of x86 and boots by pxe; other machines have uefi")
	}
	if c.IPv6 && c.Loader == boot.ROM {
		return Question{}, advice.New("no BIOS asks over IPv6, unless its ROM is iPXE", "add --speaker ipxe, or name an IPv4 address as --server")
	}
	return Question{Client: c}, nil
}

// uBootQuestion is that of a board with U-Boot.
func uBootQuestion(c boot.Client) (Question, error) {
	c.Arch, c.UUID = cmp.Or(c.Arch, boot.ARM64), boot.UUID{}
	if c.Firmware == boot.BIOS || c.Proto != boot.PXE {
		return Question{}, advice.New("U-Boot has no BIOS, and asks by PXE", "leave --firmware bios and --proto http out")
	}
	return Question{Client: c}, nil
}

// askRPi is a question about a Raspberry Pi 4.
func askRPi(c boot.Client, speaking string) (Question, error) {
	switch {
	case c.Proto != boot.PXE || speaking != "" && speaking != "rom" || c.IPv6:
		return Question{}, advice.New("a Raspberry Pi's bootloader asks as itself, over IPv4", "leave --proto, --loader and an IPv6 --server out")
	case c.Arch != "" && c.Arch != boot.ARM64:
		return Question{}, advice.New(fmt.Sprintf("no Raspberry Pi of architecture %s boots over a network", c.Arch), "leave --arch out: it is arm64")
	}
	pi := identify.RaspberryPi(boot.MAC{0xdc, 0xa6, 0x32, 0x12, 0x34, 0x56})
	copy(pi.UUID[:], "RPi4\x11\x31\xc0\x00\x32\x12\x34\x56\x10\x45\x15\x5b")
	pi.Model, pi.Serial, pi.Server = "Raspberry Pi 4", "5b154510", c.Server
	return Question{Client: pi}, nil
}
