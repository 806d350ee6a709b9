// Package familytest has media with the layouts of the families of internal/family, for
// tests of what they are and of what they boot.
package familytest

// What stands for a file that a test may put in its place.
const (
	Kernel   = "kernel"
	Initrd   = "initrd"
	Early    = "early" // an initrd without a system
	Squashfs = "squashfs"
)

// Layout is a medium with the paths and configurations of its family.
type Layout struct {
	Family string
	Label  string            // of its volume, and of it alone
	Files  map[string]string // contents by path
	Boots  string            // its kernel, initrds and arguments
	Titles string            // of all its systems
	Over   string            // what its root comes over
}

// Layouts are all: one of each family at least that boots over networks.
func Layouts() []Layout {
	return []Layout{
		{
			"debian-live", "d-live 12.5.0 st amd64", map[string]string{
				".disk/info":               "Official Debian GNU/Linux Live 12.5.0 standard\n",
				"live/filesystem.squashfs": Squashfs, "live/vmlinuz-6.1.0-18-amd64": Kernel, "live/initrd.img-6.1.0-18-amd64": Initrd,
				"isolinux/isolinux.cfg": "include menu.cfg\ndefault vesamenu.c32\n",
				"isolinux/menu.cfg":     "INCLUDE live.cfg\nlabel memtest\nmenu label memtest\nlinux /live/memtest\n",
				"isolinux/live.cfg":     "label live-amd64\n\tmenu label ^Live system\n\tmenu default\n\tlinux /live/vmlinuz-6.1.0-18-amd64\n\tinitrd /live/initrd.img-6.1.0-18-amd64\n\tappend boot=live components quiet splash findiso=\nlabel safe\n\tmenu label Safe\n\tlinux /live/vmlinuz-6.1.0-18-amd64\n\tinitrd /live/initrd.img-6.1.0-18-amd64\n\tappend boot=live components nomodeset\n",
				"boot/grub/grub.cfg":    "source /boot/grub/config.cfg\nmenuentry \"Live system\" {\n linux /live/vmlinuz-6.1.0-18-amd64 boot=live components quiet splash findiso=${iso_path}\n initrd /live/initrd.img-6.1.0-18-amd64\n}\n",
				"boot/grub/config.cfg":  "set default=0\n",
			},
			"live/vmlinuz-6.1.0-18-amd64 [live/initrd.img-6.1.0-18-amd64] boot=live components quiet splash fetch=<live/filesystem.squashfs>", "Live system|Safe", "http",
		},
		{
			"debian-live", "KALI", map[string]string{
				"live/filesystem.squashfs": Squashfs, "live/more.squashfs": Squashfs, "live/filesystem.module": "filesystem.squashfs more.squashfs", "live/vmlinuz": Kernel, "live/initrd.img": Initrd,
			},
			"live/vmlinuz [live/initrd.img] boot=live components fetch=<iso>", "Debian live system", "iso",
		},
		{
			"debian-netboot", "ISOIMAGE", map[string]string{
				"linux": Kernel, "initrd.gz": Initrd, "isolinux.cfg": "path\ninclude txt.cfg\ndefault vesamenu.c32\n",
				"txt.cfg": "default install\nlabel install\n\tmenu default\n\tkernel linux\n\tappend vga=788 initrd=initrd.gz --- quiet\n",
			},
			"linux [initrd.gz] vga=788 --- quiet", "install", "none",
		},
		{
			"ubuntu-server", "Ubuntu-Server 24.04.1 LTS amd64", map[string]string{
				".disk/info":          "Ubuntu-Server 24.04.1 LTS \"Noble Numbat\" - Release amd64 (20240827)",
				"casper/min.squashfs": Squashfs, "casper/vmlinuz": Kernel, "casper/initrd": Initrd, "casper/hwe-vmlinuz": Kernel, "casper/hwe-initrd": Initrd,
				"boot/grub/grub.cfg":     "set timeout=30\nloadfont unicode\nmenuentry \"Try or Install Ubuntu Server\" {\n\tset gfxpayload=keep\n\tlinux\t/casper/vmlinuz  --- quiet\n\tinitrd\t/casper/initrd\n}\nmenuentry 'HWE kernel' {\n\tlinux /casper/hwe-vmlinuz ---\n\tinitrd /casper/hwe-initrd\n}\ngrub_platform\nif [ \"$grub_platform\" = \"efi\" ]; then\nmenuentry 'Boot from next volume' {\n\texit 1\n}\nfi\n",
				"boot/grub/loopback.cfg": "menuentry \"Try or Install Ubuntu Server\" {\n\tlinux\t/casper/vmlinuz  iso-scan/filename=${iso_path} --- quiet\n\tinitrd\t/casper/initrd\n}\n",
			},
			"casper/vmlinuz [casper/initrd] cloud-config-url=/dev/null ip=dhcp netboot=url url=<iso> --- quiet", "Try or Install Ubuntu Server|HWE kernel", "iso",
		},
		{
			"mint", "Linux Mint 21.3 Cinnamon 64-bit", map[string]string{
				".disk/info": "Linux Mint 21.3 \"Virginia\" - Release amd64", "casper/filesystem.squashfs": Squashfs, "casper/vmlinuz": Kernel, "casper/initrd.lz": Initrd,
				"isolinux/isolinux.cfg": "default vesamenu.c32\nlabel live\n  menu label Start Linux Mint\n  kernel /casper/vmlinuz\n  append file=/cdrom/preseed/linuxmint.seed boot=casper initrd=/casper/initrd.lz quiet splash --\nmenu default\n",
			},
			"casper/vmlinuz [casper/initrd.lz] boot=casper quiet splash ip=dhcp netboot=url url=<iso> --", "Start Linux Mint", "iso",
		},
		{
			"casper", "Pop_OS 22.04 amd64", map[string]string{
				"casper_pop-os_22.04_amd64/filesystem.squashfs": Squashfs, "casper_pop-os_22.04_amd64/vmlinuz.efi": Kernel, "casper_pop-os_22.04_amd64/initrd.gz": Initrd,
				"boot/grub/grub.cfg": "menuentry \"Try or Install Pop_OS\" {\n linux /casper_pop-os_22.04_amd64/vmlinuz.efi boot=casper live-media-path=/casper_pop-os_22.04_amd64 hostname=pop-os noprompt ---\n initrd /casper_pop-os_22.04_amd64/initrd.gz\n}\n",
			},
			"casper_pop-os_22.04_amd64/vmlinuz.efi [casper_pop-os_22.04_amd64/initrd.gz] boot=casper live-media-path=/casper_pop-os_22.04_amd64 hostname=pop-os noprompt ip=dhcp netboot=url url=<iso> ---", "Try or Install Pop_OS", "iso",
		},
		{
			"anaconda", "Fedora-S-dvd-x86_64-40", map[string]string{
				".treeinfo": "[general]\nfamily = Fedora\n", "images/install.img": Squashfs, "images/pxeboot/vmlinuz": Kernel, "images/pxeboot/initrd.img": Initrd, "repodata/repomd.xml": "<repomd/>\n",
				"boot/grub2/grub.cfg": "set default=\"1\"\nfunction load_video {\n  insmod all_video\n}\nload_video\nmenuentry 'Install Fedora 40' --class fedora {\n linux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=Fedora-S-dvd-x86_64-40 quiet\n initrd /images/pxeboot/initrd.img\n}\nmenuentry 'Test this media & install Fedora 40' --class fedora {\n linux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=Fedora-S-dvd-x86_64-40 rd.live.check quiet\n initrd /images/pxeboot/initrd.img\n}\nsubmenu 'Troubleshooting -->' {\n menuentry 'Rescue' {\n  linux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=x inst.rescue quiet\n  initrd /images/pxeboot/initrd.img\n }\n}\n",
			},
			"images/pxeboot/vmlinuz [images/pxeboot/initrd.img] quiet inst.repo=<base>", "Install Fedora 40|Test this media & install Fedora 40|Troubleshooting --> > Rescue", "http",
		},
		{
			"anaconda", "RHEL-9-3-0-BaseOS-x86_64", map[string]string{
				"images/install.img": Squashfs, "images/pxeboot/vmlinuz": Kernel, "images/pxeboot/initrd.img": Initrd,
			},
			"images/pxeboot/vmlinuz [images/pxeboot/initrd.img] inst.stage2=<base>", `Fedora, RHEL or a child of them, installer`, "http",
		},
		{
			"dracut-live", "Fedora-WS-Live-40-1-14", map[string]string{
				"LiveOS/squashfs.img": Squashfs, "images/pxeboot/vmlinuz": Kernel, "images/pxeboot/initrd.img": Initrd,
				"EFI/BOOT/grub.cfg": "menuentry 'Start Fedora-Workstation-Live 40' {\n linuxefi /images/pxeboot/vmlinuz root=live:CDLABEL=Fedora-WS-Live-40-1-14 rd.live.image quiet rhgb\n initrdefi /images/pxeboot/initrd.img\n}\n",
			},
			"images/pxeboot/vmlinuz [images/pxeboot/initrd.img] rd.live.image quiet rhgb rd.neednet=1 ip=dhcp root=live:<LiveOS/squashfs.img>", "Start Fedora-Workstation-Live 40", "http",
		},
		{
			"opensuse", "openSUSE-Leap-15.5-DVD", map[string]string{
				"boot/x86_64/loader/linux": Kernel, "boot/x86_64/loader/initrd": Initrd,
				"media.1/media": "openSUSE - openSUSE-Leap-15.5-x86_64-Build491.1\n", "boot/x86_64/root": Squashfs,
				"boot/x86_64/loader/isolinux.cfg": "default harddisk\nlabel harddisk\n  localboot 0x80\nlabel linux\n  kernel linux\n  append initrd=initrd splash=silent showopts\n",
			},
			"boot/x86_64/loader/linux [boot/x86_64/loader/initrd] splash=silent showopts install=<base>", "linux", "http",
		},
		{
			"opensuse-arm64", "openSUSE-Leap-15.6-NET-aarch64", map[string]string{
				"boot/aarch64/linux": Kernel, "boot/aarch64/initrd": Initrd, "boot/aarch64/root": Squashfs, "media.1/media": "openSUSE - openSUSE-Leap-15.6-aarch64-Build710.3\n",
				"EFI/BOOT/grub.cfg": "menuentry 'Installation' --class opensuse {\n set gfxpayload=keep\n linux /boot/aarch64/linux splash=silent\n initrd /boot/aarch64/initrd\n}\n",
			},
			"boot/aarch64/linux [boot/aarch64/initrd] splash=silent install=<base>", "Installation", "http",
		},
		{
			"opensuse-live", "openSUSE_Tumbleweed", map[string]string{
				"LiveOS/squashfs.img": Squashfs, "boot/x86_64/loader/linux": Kernel, "boot/x86_64/loader/initrd": Initrd,
				"boot/grub2/grub.cfg": "if [ \"${grub_platform}\" = \"efi\" ]; then linux=linuxefi; initrd=initrdefi; else linux=linux; initrd=initrd; fi\nmenuentry \"Live\" { $linux ($root)/boot/x86_64/loader/linux splash=silent root=live:CDLABEL=openSUSE rd.live.image; $initrd ($root)/boot/x86_64/loader/initrd\n}\n",
			},
			"boot/x86_64/loader/linux [boot/x86_64/loader/initrd] splash=silent rd.live.image rd.neednet=1 ip=dhcp root=live:<iso> ramdisk_size=16777216", "Live", "iso",
		},
		{
			"arch", "ARCH_202405", map[string]string{
				"arch/x86_64/airootfs.sfs": Squashfs, "arch/boot/x86_64/vmlinuz-linux": Kernel, "arch/boot/x86_64/initramfs-linux.img": Initrd, "arch/boot/intel-ucode.img": Early,
				"loader/loader.conf":                          "timeout 15\ndefault 01-archiso-x86_64-linux.conf\n",
				"loader/entries/01-archiso-x86_64-linux.conf": "title Arch Linux install medium (x86_64, UEFI)\nsort-key 01\nlinux /arch/boot/x86_64/vmlinuz-linux\ninitrd /arch/boot/intel-ucode.img\ninitrd /arch/boot/x86_64/initramfs-linux.img\noptions archisobasedir=arch archisosearchuuid=2024-05-01-00-00-00-00\n",
			},
			"arch/boot/x86_64/vmlinuz-linux [arch/boot/intel-ucode.img arch/boot/x86_64/initramfs-linux.img] archisobasedir=arch ip=dhcp archiso_http_srv=<base>/", "Arch Linux install medium (x86_64, UEFI)", "http",
		},
		{
			"systemrescue", "RESCUE1101", map[string]string{
				"sysresccd/x86_64/airootfs.sfs": Squashfs, "sysresccd/boot/x86_64/vmlinuz": Kernel, "sysresccd/boot/x86_64/sysresccd.img": Initrd,
				"boot/grub/grubsrcd.cfg": "", "sysresccd/boot/syslinux/sysresccd.cfg": "",
				"boot/grub/grub.cfg": "menuentry \"Boot SystemRescue using default options\" {\n\tset gfxpayload=keep\n\tlinux /sysresccd/boot/x86_64/vmlinuz archisobasedir=sysresccd archisolabel=RESCUE1101 iomem=relaxed\n\tinitrd /sysresccd/boot/x86_64/sysresccd.img\n}\n",
			},
			"sysresccd/boot/x86_64/vmlinuz [sysresccd/boot/x86_64/sysresccd.img] archisobasedir=sysresccd iomem=relaxed ip=dhcp archiso_http_srv=<base>/", "Boot SystemRescue using default options", "http",
		},
		{
			"manjaro", "MANJARO_KDE_2400", map[string]string{
				"manjaro/x86_64/rootfs.sfs": Squashfs, "manjaro/x86_64/livefs.sfs": Squashfs, "boot/vmlinuz-x86_64": Kernel, "boot/initramfs-x86_64.img": Initrd,
				"boot/grub/grub.cfg":    "source /boot/grub/kernels.cfg\n",
				"boot/grub/kernels.cfg": "menuentry \"Boot with open source drivers\" {\n linux /boot/vmlinuz-x86_64 misobasedir=manjaro misolabel=MANJARO_KDE_2400 quiet ${extra}\n initrd /boot/initramfs-x86_64.img\n}\n",
			},
			"boot/vmlinuz-x86_64 [boot/initramfs-x86_64.img] misobasedir=manjaro quiet ip=dhcp miso_http_srv=<base>/", "Boot with open source drivers", "http",
		},
		{
			"void", "VOID_LIVE", map[string]string{
				"LiveOS/squashfs.img": Squashfs, "boot/vmlinuz": Kernel, "boot/initrd": Initrd,
				"boot/isolinux/isolinux.cfg": "UI vesamenu.c32\nLABEL linux\nMENU LABEL Void Linux\nKERNEL /boot/vmlinuz\nAPPEND initrd=/boot/initrd root=live:CDLABEL=VOID_LIVE ro init=/sbin/init rd.live.overlay.overlayfs=1\n",
			},
			"boot/vmlinuz [boot/initrd] ro init=/sbin/init rd.live.overlay.overlayfs=1 root=live:/void.iso", "Void Linux", "initrd",
		},
		{
			"void", "VOID_LIVE_ARM64", map[string]string{
				"LiveOS/squashfs.img": Squashfs, "boot/vmlinux": Kernel, "boot/initrd": Initrd,
				"boot/grub/grub.cfg": "menuentry \"Void Linux (aarch64)\" --id \"linux\" {\n set gfxpayload=\"keep\"\n linux (${voidlive})/boot/vmlinux \\\n  root=live:CDLABEL=VOID_LIVE ro init=/sbin/init rd.live.overlay.overlayfs=1\n initrd (${voidlive})/boot/initrd\n devicetree (${voidlive})/boot/dtbs/rockchip/rk3399-pinebook-pro.dtb\n}\n",
			},
			"boot/vmlinux [boot/initrd] ro init=/sbin/init rd.live.overlay.overlayfs=1 root=live:/void.iso", "Void Linux (aarch64)", "initrd",
		},
		{
			"alpine", "alpine-std 3.19.1 x86_64", map[string]string{
				"apks/.boot_repository": "", "apks/x86_64/APKINDEX.tar.gz": "the index\n", "boot/vmlinuz-lts": Kernel, "boot/initramfs-lts": Initrd, "boot/modloop-lts": Squashfs,
				"boot/syslinux/syslinux.cfg": "TIMEOUT 10\nPROMPT 1\nDEFAULT lts\nLABEL lts\n\tMENU LABEL Linux lts\n\tKERNEL /boot/vmlinuz-lts\n\tINITRD /boot/initramfs-lts\n\tFDTDIR /boot/dtbs-lts\n\tAPPEND modules=loop,squashfs,sd-mod,usb-storage quiet\n",
			},
			"boot/vmlinuz-lts [boot/initramfs-lts] modules=loop,squashfs,sd-mod,usb-storage quiet ip=dhcp alpine_repo=<base>/apks modloop=<boot/modloop-lts>", "Linux lts", "http",
		},
		{
			"gentoo", "Gentoo-amd64-20240505", map[string]string{
				"image.squashfs": Squashfs, "boot/gentoo": Kernel, "boot/gentoo.igz": Initrd,
				"boot/grub/grub.cfg": "menuentry 'Boot LiveCD (kernel: gentoo)' --class gnu-linux {\n linux /boot/gentoo dokeymap root=live:CDLABEL=Gentoo-amd64-20240505 rd.live.dir=/ rd.live.squashimg=image.squashfs cdroot\n initrd /boot/gentoo.igz\n}\n",
			},
			"boot/gentoo [boot/gentoo.igz] dokeymap rd.live.dir=/ rd.live.squashimg=image.squashfs root=live:/gentoo.iso", "Boot LiveCD (kernel: gentoo)", "initrd",
		},
		{
			"tinycore", "TinyCore", map[string]string{
				"boot/vmlinuz64": Kernel, "boot/corepure64.gz": Initrd, "cde/onboot.lst": "",
				"boot/isolinux/isolinux.cfg": "display boot.msg\ndefault microcore\nlabel microcore\n\tkernel /boot/vmlinuz64\n\tinitrd /boot/corepure64.gz\n\tappend loglevel=3 cde\n",
			},
			"boot/vmlinuz64 [boot/corepure64.gz] loglevel=3", "microcore", "none",
		},
		{
			"clonezilla", "3.1.2-22-amd64", map[string]string{
				"live/filesystem.squashfs": Squashfs, "Clonezilla-Live-Version": "", "live/vmlinuz": Kernel, "live/initrd.img": Initrd,
				"syslinux/isolinux.cfg": "default vesamenu.c32\nlabel Clonezilla live\n  MENU DEFAULT\n  MENU LABEL Clonezilla live (VGA 800x600)\n  kernel /live/vmlinuz\n  append initrd=/live/initrd.img boot=live union=overlay config components ip=frommedia vga=788 \n",
			},
			"live/vmlinuz [live/initrd.img] boot=live union=overlay config components vga=788 fetch=<live/filesystem.squashfs>", "Clonezilla live (VGA 800x600)", "http",
		},
		{
			"gparted", "GParted-live", map[string]string{
				"live/filesystem.squashfs": Squashfs, "GParted-Live-Version": "", "live/vmlinuz": Kernel, "live/initrd.img": Initrd,
				"boot/grub/grub.cfg": "set linux_cmd=linux\nset initrd_cmd=initrd\nif [ \"${grub_cpu}\" = \"x86_64\" ]; then\n if [ -e /live/vmlinuz ]; then set extra=quiet; fi\nfi\nmenuentry \"GParted Live\" --id live-default {\n $linux_cmd /live/vmlinuz boot=live config components $extra ip=frommedia\n $initrd_cmd /live/initrd.img\n}\n",
			},
			"live/vmlinuz [live/initrd.img] boot=live config components quiet fetch=<live/filesystem.squashfs>", "GParted Live", "http",
		},
		{
			"grml", "grml64-full_2024.02", map[string]string{
				"live/grml64-full/grml64-full.squashfs": Squashfs, "boot/grml64full/vmlinuz": Kernel, "boot/grml64full/initrd.img": Initrd,
				"boot/grub/grub.cfg": "menuentry 'grml64-full' {\n linux /boot/grml64full/vmlinuz apm=power-off boot=live live-media-path=/live/grml64-full/ bootid=x findiso=$iso_path nomce\n initrd /boot/grml64full/initrd.img\n}\n",
			},
			"boot/grml64full/vmlinuz [boot/grml64full/initrd.img] apm=power-off boot=live live-media-path=/live/grml64-full/ bootid=x nomce fetch=<live/grml64-full/grml64-full.squashfs>", "grml64-full", "http",
		},
		{
			"proxmox", "PVE", map[string]string{
				"boot/linux26": Kernel, "boot/initrd.img": Initrd, "pve-installer.squashfs": Squashfs, "pve-base.squashfs": Squashfs,
				"boot/grub/grub.cfg": "menuentry 'Install Proxmox VE (Graphical)' --class debian {\n linux $prefix/../linux26 ro ramdisk_size=16777216 rw quiet splash=silent\n initrd /boot/initrd.img\n}\n",
			},
			"boot/linux26 [boot/initrd.img] ro ramdisk_size=16777216 rw quiet splash=silent", "Install Proxmox VE (Graphical)", "initrd",
		},
		{
			"nixos", "nixos-minimal-24.05-x86_64", map[string]string{
				"nix-store.squashfs": Squashfs, "boot/bzImage": Kernel, "boot/initrd": Initrd,
				"isolinux/isolinux.cfg": "DEFAULT boot\nLABEL boot\nMENU LABEL NixOS 24.05 Installer\nLINUX /boot/bzImage\nAPPEND init=/nix/store/x-nixos-system/init root=LABEL=nixos-minimal-24.05-x86_64 boot.shell_on_fail loglevel=4\nINITRD /boot/initrd\n",
				"EFI/boot/grub.cfg":     "menuentry 'NixOS 24.05 Installer' --class installer {\n search --set=root --file /EFI/nixos-installer-image\n linux ${isoboot}/boot/bzImage findiso=${iso_path} init=/nix/store/x-nixos-system/init root=LABEL=nixos-minimal-24.05-x86_64 boot.shell_on_fail loglevel=4\n initrd /boot/initrd\n}\n",
			},
			"boot/bzImage [boot/initrd] init=/nix/store/x-nixos-system/init boot.shell_on_fail loglevel=4 root=/nixos.iso", "NixOS 24.05 Installer", "initrd",
		},
		{
			"nixos", "nixos-minimal-24.05-aarch64", map[string]string{
				"nix-store.squashfs": Squashfs, "boot/Image": Kernel, "boot/initrd": Initrd,
				"EFI/boot/grub.cfg": "menuentry 'NixOS 24.05 Installer' --class installer {\n linux ${isoboot}/boot/Image findiso=${iso_path} init=/nix/store/x-nixos-system/init root=LABEL=nixos-minimal-24.05-aarch64 loglevel=4\n initrd /boot/initrd\n}\n",
			},
			"boot/Image [boot/initrd] init=/nix/store/x-nixos-system/init loglevel=4 root=/nixos.iso", "NixOS 24.05 Installer", "initrd",
		},
		{
			"debian-installer", "Debian 12.5.0 amd64 n", map[string]string{
				".disk/info": "Debian GNU/Linux 12.5.0 \"Bookworm\" - Official amd64 NETINST", "dists/bookworm/Release": "Suite: stable\n",
				"install.amd/vmlinuz": Kernel, "install.amd/initrd.gz": Initrd, "install.amd/gtk/vmlinuz": Kernel, "install.amd/gtk/initrd.gz": Initrd,
				"isolinux/isolinux.cfg": "path\ninclude menu.cfg\ndefault vesamenu.c32\nprompt 0\ntimeout 0\n",
				"isolinux/menu.cfg":     "include gtk.cfg\ninclude txt.cfg\n",
				"isolinux/gtk.cfg":      "label installgui\n\tmenu label ^Graphical install\n\tmenu default\n\tkernel /install.amd/vmlinuz\n\tappend vga=788 initrd=/install.amd/gtk/initrd.gz --- quiet \n",
				"isolinux/txt.cfg":      "label install\n\tmenu label ^Install\n\tkernel /install.amd/vmlinuz\n\tappend vga=788 initrd=/install.amd/initrd.gz --- quiet \n",
			},
			"install.amd/vmlinuz [install.amd/gtk/initrd.gz] vga=788 --- quiet", "Graphical install|Install", "initrd",
		},
		{
			"debian-installer", "Debian 13.1.0 arm64 n", map[string]string{
				".disk/info": "Debian GNU/Linux 13.1.0", "dists/trixie/Release": "Suite: stable\n", "install.a64/vmlinuz": Kernel, "install.a64/initrd.gz": Initrd,
				"boot/grub/grub.cfg": "menuentry --hotkey=i 'Install' {\n set background_color=black\n linux /install.a64/vmlinuz --- quiet\n initrd /install.a64/initrd.gz\n}\n",
			},
			"install.a64/vmlinuz [install.a64/initrd.gz] --- quiet", "Install", "initrd",
		},
		{"memtest86+", "MT86PLUS_64", map[string]string{"EFI/BOOT/bootx64.efi": Kernel, "boot/floppy.img": ""}, "EFI/BOOT/bootx64.efi []", "Memtest86+", "none"},
	}
}
