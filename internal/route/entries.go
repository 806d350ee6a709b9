package route

import "github.com/spurboot/spur/internal/boot"

// Via is the protocol over which a route's file is fetched.
type Via string

// The protocols that routes use.
const (
	TFTP  Via = "tftp"
	HTTP  Via = "http"
	HTTPS Via = "https"
)

// Net is the version of IP by which a client asks.
type Net string

// The versions.
const (
	IPv4 Net = "IPv4"
	IPv6 Net = "IPv6"
)

// Entry is one line of the table of entries: for whom it is, and what these
// clients are given.
type Entry struct {
	Name string // of the routes through it; the timeline remembers failures by it

	// Who it is for. An empty field stands for any.
	Firmware boot.Firmware
	Arch     boot.Arch
	Proto    boot.Proto
	Net      Net
	NetWhy   string // why it is for that Net alone; empty where another entry does the same over the other
	Speaker  boot.Loader
	Needs    boot.Features // what the speaker must be able to do
	Lacks    boot.Features // of these it must lack at least one
	Payload  boot.Kind     // what is to boot

	// Loader brings the payload. The client is given Build, one of its files;
	// where Build is empty the loader speaks already, and is given its
	// configuration.
	Loader boot.Loader
	Build  string
	Via    Via
	// Loads is the protocol over which the loader fetches what its configuration
	// names, where that isn't the one over which it asks for the configuration.
	Loads Via
	// Shim starts the loader: it is what the client is given, and all else that it
	// asks for beside itself is the loader.
	Shim bool
	// Medium is what of the medium the client is given that its kernel was taken out of;
	// empty for nothing.
	Medium MediumPart
	// Shape is the name of the shape of offer to begin with; empty for the one
	// that such a client is usually offered.
	Shape string

	// Why says for whom the entry stands where it does; people read it in
	// `spur explain`.
	Why string
}

// Entries returns the table of entries, the best first for each client.
func Entries() []Entry {
	return []Entry{
		{
			Name: "ipxe-http", Speaker: boot.IPXE, Needs: boot.CanHTTP,
			Loader: boot.IPXE, Via: HTTP,
			Why: "iPXE is speaking and has HTTP: its script, and all else, comes over HTTP",
		},
		{
			Name: "bios-ipxe-undionly", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.IPXE, Lacks: boot.CanHTTP | boot.CanBzImage,
			Loader: boot.IPXE, Build: "undionly.kpxe", Via: TFTP,
			Why: "the iPXE in this ROM has no HTTP or cannot start a Linux kernel: an iPXE that can do both is loaded through the ROM's network driver",
		},
		{
			Name: "uefi-x64-ipxe-snponly", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Speaker: boot.IPXE, Lacks: boot.CanHTTP | boot.CanEFI,
			Loader: boot.IPXE, Build: "snponly.efi", Via: TFTP,
			Why: "the iPXE in this ROM has no HTTP or cannot start a kernel: an iPXE that can do both is loaded through the firmware's network driver",
		},
		{
			Name: "ipxe-https", Speaker: boot.IPXE, Needs: boot.CanHTTPS,
			Loader: boot.IPXE, Via: HTTPS,
			Why: "iPXE is speaking and has HTTPS: its script, and all else, comes over HTTPS; it must trust who signed Spur's certificate, on UEFI by its firmware's list",
		},
		{
			Name: "ipxe-tftp", Speaker: boot.IPXE,
			Loader: boot.IPXE, Via: TFTP,
			Why: "iPXE's script, and all else, comes over TFTP: for one without HTTP, or where HTTP doesn't get through",
		},
		{
			Name: "bios-undionly", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "undionly.kpxe", Via: TFTP,
			Why: "iPXE on the ROM's own network driver (UNDI): works on every card that could ask",
		},
		{
			Name: "bios-ipxe", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "ipxe.pxe", Via: TFTP,
			Why: "iPXE with network drivers of its own: for ROMs whose driver is broken",
		},
		{
			Name: "bios-lpxelinux", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.PXELINUX, Build: "lpxelinux.0", Via: TFTP, Loads: HTTP,
			Why: "PXELINUX on the ROM's network driver (UNDI), with a network stack of its own: for machines on which iPXE fails; kernel and initrds come over HTTP",
		},
		{
			Name: "bios-pxelinux", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.PXELINUX, Build: "pxelinux.0", Via: TFTP,
			Why: "PXELINUX on all of the ROM's network (PXE), where HTTP doesn't get through or another network stack fails; all comes over TFTP, slowly",
		},
		{
			Name: "bios-nbp", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.ROM, Via: TFTP,
			Why: "no loader of Spur's in between: the ROM loads the payload's own program, which finds what is beside it by cutting the last component of its name",
		},
		{
			Name: "uefi-tftp6", Firmware: boot.UEFI, Proto: boot.PXE, Net: IPv6, Speaker: boot.ROM,
			Loader: boot.ROM, Via: TFTP,
			Why: "no loader in between: iPXE would take its address from another DHCPv6 server, and with it only that server's boot file",
		},
		{
			Name: "uefi-ramdisk", Firmware: boot.UEFI, Proto: boot.PXE, Speaker: boot.ROM,
			Payload: boot.KindDisk, Loader: boot.RAMDisk, Build: RAMDiskProgram, Via: TFTP,
			Why: "a program of Spur's that fetches the disk, over HTTP if it can, and makes a RAM disk of it, before any iPXE: the system that boots from it still has it then, Linux as /dev/pmem0",
		},
		{
			Name: "uefi-x64-snponly", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "snponly.efi", Via: TFTP,
			Why: "iPXE on the firmware's own network driver (SNP), bound to the card that it was loaded from",
		},
		{
			Name: "uefi-arm64-ipxe", Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "ipxe-arm64.efi", Via: TFTP,
			Why: "iPXE with network drivers of its own, and the firmware's where it has none: fetches all else over HTTP",
		},
		{
			Name: "uefi-riscv64-ipxe", Firmware: boot.UEFI, Arch: boot.RISCV64, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "ipxe-riscv64.efi", Via: TFTP,
			Why: "iPXE with network drivers of its own, and the firmware's where it has none: fetches all else over HTTP",
		},
		{
			Name: "uefi-loong64-ipxe", Firmware: boot.UEFI, Arch: boot.LOONG64, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "ipxe-loong64.efi", Via: TFTP,
			Why: "iPXE with network drivers of its own, and the firmware's where it has none: fetches all else over HTTP",
		},
		{
			Name: "uefi-shim-ipxe", Firmware: boot.UEFI, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: ShimFile, Shim: true, Via: TFTP,
			Why: "a shim that firmware with Secure Boot starts, and that starts iPXE",
		},
		{
			Name: "uefi-medium-shim-grub", Firmware: boot.UEFI, Proto: boot.PXE, Net: IPv4, Speaker: boot.ROM,
			NetWhy: startsGRUBOverIPv4,
			Medium: MediumChain, Loader: boot.GRUB, Build: ShimFile, Shim: true, Via: TFTP,
			Why: "the shim and the GRUB of the image that is booted, which know its kernels, and are there whatever this host has",
		},
		{
			Name: "uefi-shim-grub", Firmware: boot.UEFI, Proto: boot.PXE, Net: IPv4, Speaker: boot.ROM,
			NetWhy: startsGRUBOverIPv4,
			Loader: boot.GRUB, Build: ShimFile, Shim: true, Via: TFTP,
			Why: "a shim that firmware with Secure Boot starts, and that starts its distribution's GRUB, which starts its kernels",
		},
		{
			Name: "uefi-x64-ipxe", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "ipxe.efi", Via: TFTP,
			Why: "iPXE with network drivers of its own: for firmware whose driver is broken",
		},
		{
			Name: "uefi-x64-direct", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Net: IPv4, Speaker: boot.ROM,
			NetWhy: "over IPv6 every offer names the file itself",
			Loader: boot.IPXE, Build: "snponly.efi", Via: TFTP, Shape: "direct",
			Why: "named in the offer itself: for firmware that never asks on port 4011; old edk2 loses such offers",
		},
		{
			Name: "uefi-xen-ramdisk", Firmware: boot.UEFI, Proto: boot.PXE, Speaker: boot.ROM,
			Payload: boot.KindXen, Loader: boot.RAMDisk, Build: RAMDiskProgram, Via: TFTP,
			Why: "a program of Spur's that fetches a disk with xen.efi, its configuration and what that names, and makes a RAM disk of it: for machines on which no iPXE runs",
		},
		{
			Name: "uefi-tftp", Firmware: boot.UEFI, Proto: boot.PXE, Net: IPv4, Speaker: boot.ROM,
			Loader: boot.ROM, Via: TFTP,
			Why: "no loader in between: the firmware fetches one EFI application with all that it needs, of at most 4 GiB, and has to have three times its size in memory; edk2 fetches large ones by TFTP about as fast as by HTTP",
		},
		{
			Name: "uefi-x64-syslinux", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Net: IPv4, Speaker: boot.ROM,
			NetWhy: "Syslinux knows IPv4 alone; have the machine boot over IPv4",
			Loader: boot.Syslinux, Build: "syslinux64.efi", Via: TFTP,
			Why: "Syslinux on the firmware's network stack: for firmware on which nothing else starts; all comes over TFTP",
		},
		{
			Name: "bios-grub", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.GRUB, Build: GRUBForBIOS, Via: TFTP,
			Why: "GRUB on the ROM's own network driver (UNDI): for machines on which no iPXE runs",
		},
		{
			Name: "bios-grub-legacy", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.ROM,
			Loader: boot.GRUBLegacy, Build: LegacyProgram, Via: TFTP,
			Why: "GRUB 0.97, where somebody has brought it: for what has always been started by it",
		},
		{
			Name: "bios-ipxe-grub", Firmware: boot.BIOS, Proto: boot.PXE, Net: IPv4, Speaker: boot.IPXE,
			Loader: boot.GRUB, Build: GRUBForBIOS, Via: TFTP,
			Why: "GRUB on the network driver of the iPXE that speaks, for kernels that the iPXE doesn't start",
		},
		{
			Name: "bios-gpxe-http", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.GPXE, Needs: boot.CanHTTP,
			Loader: boot.GPXE, Via: HTTP,
			Why: "gPXE, which iPXE was called before 2010, is speaking and has HTTP: a script of the few commands that it knows",
		},
		{
			Name: "bios-gpxe-tftp", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.GPXE,
			Loader: boot.GPXE, Via: TFTP,
			Why: "the same over TFTP: for a gPXE without HTTP, or where HTTP doesn't get through",
		},
		{
			Name: "bios-gpxe-undionly", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.GPXE,
			Loader: boot.IPXE, Build: "undionly.kpxe", Via: TFTP,
			Why: "iPXE on the network driver of the gPXE that speaks: for what gPXE can't do, such as an iPXE script",
		},
		{
			Name: "bios-gpxe-grub", Firmware: boot.BIOS, Proto: boot.PXE, Speaker: boot.GPXE,
			Loader: boot.GRUB, Build: GRUBForBIOS, Via: TFTP,
			Why: "GRUB on the network driver of the gPXE that speaks, for kernels that gPXE doesn't start",
		},
		{
			Name: "uefi-grub", Firmware: boot.UEFI, Proto: boot.PXE, Net: IPv4, Speaker: boot.ROM,
			Loader: boot.GRUB, Build: GRUBForUEFI, Via: TFTP,
			Why: "GRUB without a shim: for machines on which no iPXE runs and whose firmware doesn't start kernels",
		},
		{
			Name: "uefi-whole", Firmware: boot.UEFI, Proto: boot.PXE, Speaker: boot.ROM,
			Medium: MediumWhole, Loader: boot.RAMDisk, Build: RAMDiskProgram, Via: TFTP,
			Why: "all of the image as a RAM disk, by a program of Spur's, where nothing starts what is on it; its system must find itself there, Linux as /dev/pmem0",
		},
		{
			Name: "uefi-http", Firmware: boot.UEFI, Proto: boot.HTTP, Speaker: boot.ROM,
			Loader: boot.ROM, Via: HTTP,
			Why: "no loader in between: the firmware fetches one EFI application with all that it needs, over HTTP",
		},
		{
			Name: "uefi-https", Firmware: boot.UEFI, Proto: boot.HTTP, Speaker: boot.ROM,
			Loader: boot.ROM, Via: HTTPS,
			Why: "the same over HTTPS, for firmware that takes nothing else: only where it trusts who signed Spur's certificate",
		},
		{
			Name: "uefi-http-shim-ipxe", Firmware: boot.UEFI, Proto: boot.HTTP, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: ShimFile, Shim: true, Via: HTTP,
			Why: "a shim that firmware with Secure Boot starts, and that starts iPXE, all over HTTP",
		},
		{
			Name: "uefi-http-medium-shim-grub", Firmware: boot.UEFI, Proto: boot.HTTP, Speaker: boot.ROM,
			Medium: MediumChain, Loader: boot.GRUB, Build: ShimFile, Shim: true, Via: HTTP,
			Why: "the shim and the GRUB of the image that is booted, which know its kernels, and are there whatever this host has; all over HTTP",
		},
		{
			Name: "uefi-http-shim-grub", Firmware: boot.UEFI, Proto: boot.HTTP, Speaker: boot.ROM,
			Loader: boot.GRUB, Build: ShimFile, Shim: true, Via: HTTP,
			Why: "a shim that firmware with Secure Boot starts, and that starts its distribution's GRUB, which starts its kernels, all over HTTP",
		},
		{
			Name: "uefi-https-shim-grub", Firmware: boot.UEFI, Proto: boot.HTTP, Speaker: boot.ROM,
			Loader: boot.GRUB, Build: ShimFile, Shim: true, Via: HTTPS,
			Why: "the same over HTTPS, for firmware that takes nothing else",
		},
		{
			Name: "uefi-x64-http-snponly", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.HTTP, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "snponly.efi", Via: HTTP,
			Why: "iPXE on the firmware's own network driver (SNP), fetched over HTTP",
		},
		{
			Name: "uefi-arm64-http-ipxe", Firmware: boot.UEFI, Arch: boot.ARM64, Proto: boot.HTTP, Speaker: boot.ROM,
			Loader: boot.IPXE, Build: "ipxe-arm64.efi", Via: HTTP,
			Why: "iPXE with network drivers of its own, fetched over HTTP: for an iPXE script",
		},
		{
			Name: "uefi-http-grub", Firmware: boot.UEFI, Proto: boot.HTTP, Speaker: boot.ROM,
			Loader: boot.GRUB, Build: GRUBForUEFI, Via: HTTP,
			Why: "GRUB without a shim, fetched over HTTP, as is what it loads: for kernels that the firmware doesn't start",
		},
		{
			Name: "uefi-http-whole", Firmware: boot.UEFI, Proto: boot.HTTP, Speaker: boot.ROM,
			Medium: MediumWhole, Loader: boot.ROM, Via: HTTP,
			Why: "all of the image as a RAM disk of the firmware's, which starts the loader that is on it, where nothing starts the kernel alone; its system must find itself there, Linux as /dev/pmem0",
		},
		{
			Name: "rpi-tftp", Firmware: boot.RPiFirmware, Proto: boot.PXE, Net: IPv4, Speaker: boot.RPi,
			NetWhy: "Spur answers a Raspberry Pi's bootloader over IPv4 alone",
			Loader: boot.RPi, Via: TFTP,
			Why: "a Raspberry Pi's bootloader takes no boot file's name: its firmware, config.txt and all else are found at the root by its address, whatever folder it asks in",
		},
		{
			Name: "uboot-script", Firmware: boot.Board, Proto: boot.PXE, Net: IPv4, Speaker: boot.UBoot,
			NetWhy: uBootNet,
			Loader: boot.UBoot, Via: TFTP,
			Why: "a script, for which U-Boot asks first, and by it the configuration in pxelinux.cfg, which finds the board's device tree and the right command for the kernel; pxe get finds that too",
		},
		{
			Name: "uboot-efi", Firmware: boot.UEFI, Proto: boot.PXE, Net: IPv4, Speaker: boot.UBoot,
			NetWhy: uBootNet,
			Loader: boot.UBootEFI, Via: TFTP,
			Why: "one EFI application with all that it needs, for which U-Boot asks where the script has booted nothing",
		},
		{
			Name: "uboot-pxelinux", Firmware: boot.UEFI, Proto: boot.PXE, Net: IPv4, Speaker: boot.UBoot,
			NetWhy: uBootNet,
			Loader: boot.UBoot, Via: TFTP,
			Why: "nothing that its EFI starts, so that U-Boot goes on to look for a configuration in pxelinux.cfg beside it",
		},
		{
			Name: "apple-netboot", Proto: boot.BSDP, Speaker: boot.Apple,
			Loader: boot.Apple, Via: TFTP,
			Why: "a Mac, which has chosen among the NetBoot images that it was shown: their booter fetches the kernel beside itself, and the kernel its root image over HTTP",
		},
		{
			Name: "apple-snponly", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.BSDP, Speaker: boot.Apple,
			Loader: boot.IPXE, Build: "snponly.efi", Via: TFTP,
			Why: "a Mac with EFI, which starts an EFI application as the booter of a NetBoot image: iPXE on its firmware's network driver (ipxe-devel, May 2016)",
		},
		{
			Name: "apple-efi", Firmware: boot.UEFI, Proto: boot.BSDP, Speaker: boot.Apple,
			Loader: boot.ROM, Via: TFTP,
			Why: "a Mac with EFI, which is given one EFI application with all that it needs as the booter of a NetBoot image",
		},
	}
}

// startsGRUBOverIPv4 is why a GRUB that starts over PXE is for IPv4 alone.
const startsGRUBOverIPv4 = "Spur starts a GRUB by PXE over IPv4 alone; have the machine boot over IPv4"

// uBootNet is why no U-Boot is told what to boot over IPv6.
const uBootNet = "Spur tells U-Boot what to boot over IPv4 alone; have the board ask by its command dhcp"

// fits tells whether an entry is for this client.
func (e Entry) fits(c boot.Client) bool {
	return (e.Firmware == "" || e.Firmware == c.Firmware) &&
		(e.Arch == "" || e.Arch == c.Arch) &&
		(e.Proto == "" || e.Proto == c.Proto) &&
		(e.Net == "" || (e.Net == IPv6) == c.IPv6) &&
		(e.Speaker == "" || e.Speaker == c.Loader) &&
		c.Features.Has(e.Needs) && (e.Lacks == 0 || !c.Features.Has(e.Lacks))
}
