package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
)

func bootCommand() *cobra.Command {
	var serving servingFlags
	var named targetFlags
	var machines machinesFlag
	cmd := &cobra.Command{
		Use:   "boot KERNEL [INITRD…]",
		Short: "Boot every machine that asks into one target",
		Long: `Boot every machine that asks into KERNEL, with its INITRDs merged in order.

KERNEL and INITRD are paths or http(s) URLs. URLs are fetched once, when the
first machine needs them, and kept for the others.

Spur works beside the DHCP server of the network: that one gives the address,
Spur adds what to boot. Where there is none, --dhcp server makes Spur give the
addresses too, from --pool. Where another DHCP server answers, it doesn't start
like this, unless with --force. With --dhcp off Spur only serves files: your own DHCP server
has to send machines here, and Spur prints what to enter there.

Machines that ask over IPv6 are answered beside IPv4, on every interface that
has an IPv6 address: beside the DHCPv6 server of the network, or with an IPv6
--pool of Spur's own. Of a network the first 65,535 addresses are given. Machines
ask over IPv6 only where a router advertises itself; where none does, --ra sends
advertisements, of the pool's network and of no way out of it. An iPXE beside
another DHCPv6 server takes that one's boot file alone; so machines are given an
EFI application over IPv6 first.

A machine is told the address of this host's that is on the machine's network,
by what Spur hears of the DHCP server's answers; on an interface with several
networks it asks that server itself as well, once. --server-address overrules it.

Interfaces may come, go and change their addresses while Spur runs, and it says
so. Those that --interface names have to be there when it starts.

Interrupted, by Ctrl-C, by SIGTERM or because its terminal is closed (unless nohup
started it), Spur lets transfers over HTTP go on for five seconds, and ends.

A UEFI machine that asks by HTTP Boot, or for which there is no iPXE, is given one
EFI application that holds kernel, initrds and command line, put together with
systemd's stub (Debian's package systemd-boot-efi). No --message is shown then.

A UEFI machine may have Secure Boot on, which no packet tells. With --secure-boot
auto the second try, after an iPXE of which nothing more was heard, is a shim and
the GRUB that it starts, if this host has them (Debian's packages shim-signed and
grub-efi-amd64-signed); with on it is the first, and nothing unsigned is given out,
kernels included; with off it is the last. GRUB can't be told everything: a kernel
whose --cmdline has a backslash or an apostrophe is left to other ways.

A Raspberry Pi that boots by itself is given KERNEL, or that of --for arm64, with the
device trees that lie beside it or where its package puts them, and firmware from
Debian's package raspi-firmware. A folder with such firmware is served to it as it is.

In --cmdline, {{ ID "path or URL" }} becomes the URL at which Spur serves that
file to the machine, and {{ UP }} the URL that the booted system may fetch to
say that it is up: it then gets its last line in the story. With an ISO image
{{ ISO }} is the URL of the image, {{ FILE "live/*.squashfs" }} that of a file
on it, and {{ BASE }} that below which all of its files are.

--for gives machines whose firmware is of another architecture a kernel and initrds of
their own, and --cmdline-for a command line in the place of --cmdline: --for arm64=KERNEL.
A BIOS doesn't tell what its processor is, and boots KERNEL.

With --menu each argument is an item of a menu, [TITLE=]KERNEL[,INITRD…], that the
machine's loader draws: iPXE, GRUB, or PXELINUX at its prompt. It shows what the machine
can boot, and counts the rest; --menu-timeout seconds later it boots the item of
--menu-default, if no key was pressed. A machine whose loader draws no menus boots that
item, too. A folder is a menu below the first one, or all of it if it is the only
argument, and its folders are menus below that; one with a pxelinux.cfg or a grub.cfg, or
with the files of a Windows medium, is an item, and so is each ISO image in that. Modules
that Syslinux's own configurations use are none. What is in it is looked at again, once a
second at most, when a menu is drawn: new files appear. What doesn't boot is told in one
line, images with their reasons; spur explain --menu lists all of it. An item without a TITLE is called what it calls itself, as ISO images of systems
that Spur knows do, or else by its file, whose name it has besides where another item is
called alike. A kernel VMLINUZ in a folder takes VMLINUZ.initrd, or its distribution's initrd.img-VERSION, and its command line from
VMLINUZ.cmdline. Where there are but folders, the first and default item is local, the
machine's own disk, which may also be an argument, and the only one: spur boot local.
A BIOS ROM or UEFI firmware is sent there by a menu of PXE's that it takes at once, an
iPXE starts the first disk of a BIOS, and leaves UEFI firmware to its next boot option.

--menu-password names a file of lines TITLE HASH, of items with the password that
echo -n SECRET | argon2 SALT -id -e prints HASH of (Debian's package argon2); TITLE may be
the name of the item's file too, and a pattern such as tools/*, ** all items, and - in the place of HASH no password. iPXE asks
for it, and Spur checks it and gives nothing without it; GRUB and PXELINUX don't show such
items. Over plain HTTP a password goes in clear: name none that is used elsewhere.

With --menu pxe each argument is an item of a menu, [TITLE=]KERNEL[,INITRD…], which
machines show by themselves: after --menu-timeout seconds they boot the first item,
F8 (in iPXE and UEFI likewise) shows the menu, of what the machine can boot. What was
chosen holds for the whole boot. --boot-server adds an item that leads elsewhere: to
the machine's own disk (local), or to others' boot servers by their type in PXE 2.1,
ris (also called wds), lcm, dos, or a number. Where it names no address, machines
look for such a server by multicast and broadcast. Menus are a matter of PXE over
IPv4: machines that boot by HTTP or over IPv6 alone boot the first item; after PXE what
was chosen there holds, and who left by the menu is left alone. --cmdline-for gives an
item, by its number or its title, a command line of its own.

With --as-boot-server the menu is another server's, in which Spur is the boot server
of a type: for type 32770 dnsmasq.conf has pxe-service=x86PC,"Spur",32770,ADDRESS. Spur
makes no offers then but to the loaders that it gave to machines that were led here,
and gives them first those that ask no DHCP server again: PXELINUX, GRUB, one EFI
application. Of iPXE, if there is nothing else, the other server must not be heard first.

--machines names a file, in YAML, that says which machines boot what: a list of rows, of
which the first counts that fits. Each names machines by mac, uuid or serial, with globs
("52:54:00:*"), and what they boot: boot is a TARGET as on the command line, and initrds,
cmdline, modules, entry, as, dtb, message, root-path and root say of it what the flags say; with
once: true a machine boots it once, as with --once. Paths are relative to the file.
Machines that no row is about boot KERNEL, or are left alone where there is none.

    machines:
      - mac: 52:54:00:12:34:56
        boot: debian.iso
        once: true
      - serial: "CZ1*"
        boot: vmlinuz
        initrds: [initrd.img]
        cmdline: quiet
      - mac: "*"
        boot: local

The file is read again when it has changed, and counts for the next boots, or, with an
error, what it said before; the story says so. Machines under way keep what they have
been given. A serial number is told by iPXE alone, and by a Raspberry Pi: where a row could be
about a machine by that, it is given iPXE first, and who has none that could tell it boots
by the rows for its MAC and UUID. docs/machines.md says more.

KERNEL may be a kernel by the Multiboot Specification, version 1 or 2, such as Xen, as
it is or in a gzip file. --module names what is loaded beside it, in their order: a
file and, behind a blank, what the kernel is told about it, in which the same is filled
in as in --cmdline. Of both the first word that a kernel is told is its or the module's
file, of which iPXE and mboot.c32 write the whole URL. iPXE loads 8 modules at most and
tells 512 bytes in all. On UEFI a GRUB of spur loader make grub is needed.

KERNEL may be a tagged image (NBI), as Etherboot's mknbi made them. Spur puts a program of
its own before it while it is served, by which a BIOS' iPXE or PXELINUX starts it as a
kernel. It brings what it is told: --cmdline, --module and INITRDs don't go with it.

KERNEL may be xen.efi, Xen's own program for UEFI, which needs none: the first --module is
the kernel of its first domain and what that is told, the next one its ramdisk, --cmdline
is Xen's own. It comes by iPXE, or with all else on a disk of which firmware makes a RAM
disk. docs/xen.md says more.

KERNEL may be an EFI application instead, which UEFI machines start as it is: a
unified kernel image, a shell. Or it may be an iPXE script, a file or a URL of
up to 1 MiB, read when Spur starts. The same is filled in in it. What it names
relative to itself, as in "kernel vmlinuz", comes through Spur: files of its
folder or of its server, but none that neither it nor a script that it chains to
names. What it loads under a plain name, without ${settings}, is looked for at
the start: where every machine would stop at a file that isn't there, Spur
doesn't start, else it warns.

KERNEL may be an ISO image, a file or a URL, of a family of systems that Spur knows
(spur image families): kernel, initrds and arguments come from the image's own boot
menu, --entry names another entry of it than the one that is preset there, INITRDs come
behind those of the image, and --cmdline behind its arguments. Nothing is unpacked: each
file is served out of the image, and the system is told to fetch its root from there.
spur image show says what was found, --families describes more families. --root has the
system find its root in another way: over nfs, nbd or iscsi it mounts the image, which Spur
exports for reading, and needs no memory for it, where its initrd can do that. Of several
targets those that can't boot as without it. An image whose
system looks for a medium alone, and one of no family, is booted as a whole, like a disk,
and Spur says so; --as disk has that done with any.

KERNEL may be an image of Windows PE (WIM), or an ISO of Windows, of which that is sources/boot.wim:
iPXE starts it by the iPXE project's wimboot (github.com/ipxe/wimboot/releases), which spur
loader import takes. bcd, boot.sdi and the boot manager come out of the ISO, from beside
boot.wim, or are inside of it. What would be INITRDs Windows PE has in its folder System32,
such as a winpeshl.ini that says what it runs; --cmdline is for wimboot. Where setup gets its
install.wim from is that program's business.

KERNEL may be a folder with loaders and their configuration, such as an installer's
tree for network boots. Each machine is given what is there for its firmware: a
PXELINUX or a GRUB for a BIOS; for UEFI of its architecture a shim with its GRUB, a
GRUB, or another EFI application; where there is none, but a pxelinux.cfg, this host's
PXELINUX or Syslinux. All files are served as they are, by their own paths,
none from outside of the folder; {{ ID }} isn't filled in in them. Spur says what it
found, and what will go wrong with it.

KERNEL may be the image of a disk, a floppy or an optical disc, which machines boot
as a whole: raw, qcow2, VHD, VHDX or VMDK, and any of these in gzip, xz or zstd, which is
unpacked once, into the folder of --data or of temporary files, of whose file system some
stays free. Those in a folder of a menu come into it when they are unpacked. A BIOS has it in its
memory by MEMDISK (Debian's package syslinux-common), else iPXE reads it over HTTP; UEFI
firmware makes a RAM disk of it, by HTTP Boot or, over PXE, by a program that make
build puts into Spur, and starts EFI/BOOT/BOOT*.EFI of it, which under Secure Boot must
be signed. Linux finds such a RAM disk again as /dev/pmem0. Where none of that does, or
with --loader grub, UEFI machines are given the GRUB that spur loader make grub makes with the
disk in it, of at most 1 GiB, as its device (memdisk): it follows the grub.cfg that is on
the disk, in a FAT file system or on an optical disc, and loads kernel and initrd; the
system sees no disk. A disk from which nothing boots is refused, unless with --as disk, by which a
BIOS tries it.

KERNEL may be a module of Syslinux 5 or 6, by the name of a .c32: this host's PXELINUX,
of the same version, starts it with --cmdline as its arguments. The modules that it needs
are served from beside it, and what would be INITRDs by their names.

With --as nbp KERNEL is a flat program that a BIOS loads, or a folder with one, and
what would be INITRDs is served beside it: files by their names, or the folder that the
program lies in. It finds them by cutting the last component of the name by which it
was loaded. Loaders that Spur knows, such as pxelinux.0, need no --as.

KERNEL may be a NetBoot image of Apple's too, an .nbi folder, several of them, or a
folder of those, of which the disabled ones are left out; one that is named itself is
served even so. What makes it one is its NBImageInfo.plist. Macs are shown the ones that
are for them (BSDP), beside any DHCP server and in Startup Disk of a running system;
without a choice they boot the first that is a default one. Each gets the booter for its
architecture over TFTP, and beside it whatever that asks for from the booter's folder,
but nothing to which a link leads out of the image; its kernel finds the root image by
option 17, as a URL of Spur's or by --root-path, such as
nfs:192.0.2.1:/export:Install.nbi/NetInstall.dmg. --netboot-shadow names where a Mac
without a disk may write. A Mac with EFI also boots what other UEFI machines do: it is
shown one image with the target's name, whose booter is iPXE or, without that, one EFI
application.

With --watch the target is looked into again when a file of it has changed, and the
next boot gets it; a line says so. Where a file is gone or isn't whole, as while a linker
writes it, the line says that, and boots get what was there before, from the files as
they were unless they were overwritten in place.

Each machine's boot is told on the terminal, one line a step. When one does
not go on, Spur says what was last seen, the likely cause, and what to do.

Exit codes are 0 after an interrupt, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur boot vmlinuz initrd.img --cmdline "console=ttyS0 quiet"
  spur boot vmlinuz base.cpio.gz site.cpio.gz --only 52:54:00:12:34:56
  spur boot vmlinuz initrd.img --for arm64=vmlinuz-arm64,initrd-arm64.img --cmdline-for arm64="console=ttyAMA0"
  spur boot https://boot.example/vmlinuz https://boot.example/initrd.img
  spur boot debian.iso
  spur boot debian.iso --entry "Safe mode" --cmdline "console=ttyS0"
  spur boot boot.wim
  spur boot Win11.iso winpeshl.ini install.cmd autounattend.xml
  spur boot DIR
  spur boot disk.img
  spur boot my.nbp data.bin --as nbp
  spur boot hdt.c32 --cmdline "quiet"
  spur boot kernel.elf --module "shell.mod arg" --cmdline debug
  spur boot kernel.elf --watch
  spur boot image.nbi
  spur boot Install.nbi Restore.nbi
  spur boot vmlinuz initrd --interface eth1 --dhcp server --pool 10.9.0.50-10.9.0.99
  spur boot vmlinuz initrd.img --dhcp server --pool fd77::/64 --ra
  spur boot Debian=vmlinuz,initrd.img Rescue=vmlinuz,rescue.img --menu pxe --boot-server wds=10.0.0.5:Windows --boot-server local
  spur boot Debian=vmlinuz,initrd.img Shell=shell.efi local --menu
  spur boot /srv/isos --menu --menu-timeout 255
  spur boot /srv/isos --menu --menu-password passwords
  spur boot local
  spur boot --machines machines.yaml
  spur boot local --machines machines.yaml
  spur boot vmlinuz initrd.img --as-boot-server 32770
  spur boot vmlinuz initrd --cmdline 'config={{ ID "node.yaml" }} spur.up={{ UP }}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := serving.config(cmd)
			if err != nil {
				return err
			}
			if machines.path != "" {
				file, err := machines.file(cmd, args, &named, config)
				if err != nil {
					return err
				}
				return serving.serve(cmd, config, func(c daemon.Config) error { return daemon.BootMachines(cmd.Context(), c, file) })
			}
			target, err := named.read(cmd, args, config)
			if err != nil {
				return err
			}
			return serving.serve(cmd, config, func(c daemon.Config) error { return daemon.Boot(cmd.Context(), c, target) })
		},
	}
	serving.add(cmd)
	machines.add(cmd.Flags())
	named.add(cmd.Flags())
	cmd.Flags().BoolVar(&named.Watch, "watch", false, "look into the target again whenever a file of it has changed: the next boot gets what is there then")
	cmd.Flags().StringVar(&named.Shadow, "netboot-shadow", "", "where Macs without a disk of their own may write: afp://USER:PASSWORD@ADDRESS/VOLUME")
	cmd.AddCommand(enrollKeysCommand())
	return cmd
}
