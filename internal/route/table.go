package route

import "github.com/spurboot/spur/internal/boot"

// Names of the files in a boot's tree that routes hand out besides loaders.
const (
	// IPXEScript is the generated script that tells iPXE what to load.
	IPXEScript = "boot.ipxe"
)

// Row is one line of the route table: which clients it is for, which payloads
// it can bring them, and what it gives them.
type Row struct {
	Name string

	// Who it is for. An empty field stands for any.
	Firmware boot.Firmware
	Arch     boot.Arch
	Proto    boot.Proto
	Loader   boot.Loader
	Needs    boot.Features // what the speaking loader must be able to do
	Lacks    boot.Features // of these it must lack at least one

	// What it can bring.
	Kinds []boot.Kind

	// What the client is given, and over what.
	Give string
	Role Role
	Via  Via
	// Direct offers the file at once, without a question on port 4011.
	Direct bool

	// Why says for whom the row stands where it does; people read it in
	// `spur explain`.
	Why string
}

// Table returns the route table, best first for each client.
func Table() []Row {
	ipxe := []boot.Kind{boot.Linux, boot.Script}
	return []Row{
		{
			Name: "ipxe-http", Loader: boot.IPXE, Needs: boot.CanHTTP, Kinds: ipxe,
			Give: IPXEScript, Role: Script, Via: HTTP,
			Why: "iPXE is speaking and has HTTP: its script, and all else, comes over HTTP",
		},
		{
			Name: "bios-ipxe-undionly", Firmware: boot.BIOS, Proto: boot.PXE, Loader: boot.IPXE, Lacks: boot.CanHTTP | boot.CanBzImage, Kinds: ipxe,
			Give: "undionly.kpxe", Role: NBP, Via: TFTP,
			Why: "the iPXE in this ROM has no HTTP or cannot start a Linux kernel: an iPXE that can do both is loaded through the ROM's network driver",
		},
		{
			Name: "uefi-x64-ipxe-snponly", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.IPXE, Lacks: boot.CanHTTP | boot.CanEFI, Kinds: ipxe,
			Give: "snponly.efi", Role: NBP, Via: TFTP,
			Why: "the iPXE in this ROM has no HTTP or cannot start a kernel: an iPXE that can do both is loaded through the firmware's network driver",
		},
		{
			Name: "ipxe-tftp", Loader: boot.IPXE, Lacks: boot.CanHTTP, Kinds: ipxe,
			Give: IPXEScript, Role: Script, Via: TFTP,
			Why: "iPXE is speaking but has no HTTP: its script, and all else, comes over TFTP",
		},
		{
			Name: "bios-undionly", Firmware: boot.BIOS, Proto: boot.PXE, Loader: boot.ROM, Kinds: ipxe,
			Give: "undionly.kpxe", Role: NBP, Via: TFTP,
			Why: "iPXE on the ROM's own network driver (UNDI): works on every card that could ask",
		},
		{
			Name: "bios-ipxe", Firmware: boot.BIOS, Proto: boot.PXE, Loader: boot.ROM, Kinds: ipxe,
			Give: "ipxe.pxe", Role: NBP, Via: TFTP,
			Why: "iPXE with network drivers of its own: for ROMs whose driver is broken",
		},
		{
			Name: "uefi-x64-snponly", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, Kinds: ipxe,
			Give: "snponly.efi", Role: NBP, Via: TFTP,
			Why: "iPXE on the firmware's own network driver (SNP), bound to the card that it was loaded from",
		},
		{
			Name: "uefi-x64-ipxe", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, Kinds: ipxe,
			Give: "ipxe.efi", Role: NBP, Via: TFTP,
			Why: "iPXE with network drivers of its own: for firmware whose driver is broken",
		},
		{
			Name: "uefi-x64-direct", Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, Kinds: ipxe,
			Give: "snponly.efi", Role: NBP, Via: TFTP, Direct: true,
			Why: "named in the offer itself: for firmware that never asks on port 4011; old edk2 loses such offers, so it comes last",
		},
	}
}
