package family

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// mediumOf makes a medium of texts; a text with a number and B behind it is a file of that
// many bytes.
func mediumOf(label string, files map[string]string) Medium {
	all := fstest.MapFS{}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Medium{Files: all, Label: label, Size: 100 << 20}
}

// rendered are arguments as a test reads them.
func rendered(all []Part) string {
	var b strings.Builder
	for _, p := range all {
		switch {
		case p.Base:
			b.WriteString("<base>")
		case p.ISO:
			b.WriteString("<iso>")
		case p.File != "":
			b.WriteString("<" + p.File + ">")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// layouts are media with the paths and configurations of their families.
var layouts = []struct {
	family string
	label  string
	files  map[string]string
	boots  string // kernel, initrds and arguments
	titles string // of all systems
	over   Over
}{
	{
		"debian-live", "d-live 12.5.0 st amd64", map[string]string{
			".disk/info":               "Official Debian GNU/Linux Live 12.5.0 standard\n",
			"live/filesystem.squashfs": "root", "live/vmlinuz-6.1.0-18-amd64": "k", "live/initrd.img-6.1.0-18-amd64": "i",
			"isolinux/isolinux.cfg": "include menu.cfg\ndefault vesamenu.c32\n",
			"isolinux/menu.cfg":     "INCLUDE live.cfg\nlabel memtest\nmenu label memtest\nlinux /live/memtest\n",
			"isolinux/live.cfg":     "label live-amd64\n\tmenu label ^Live system\n\tmenu default\n\tlinux /live/vmlinuz-6.1.0-18-amd64\n\tinitrd /live/initrd.img-6.1.0-18-amd64\n\tappend boot=live components quiet splash findiso=\nlabel safe\n\tmenu label Safe\n\tlinux /live/vmlinuz-6.1.0-18-amd64\n\tinitrd /live/initrd.img-6.1.0-18-amd64\n\tappend boot=live components nomodeset\n",
			"boot/grub/grub.cfg":    "source /boot/grub/config.cfg\nmenuentry \"Live system\" {\n linux /live/vmlinuz-6.1.0-18-amd64 boot=live components quiet splash findiso=${iso_path}\n initrd /live/initrd.img-6.1.0-18-amd64\n}\n",
			"boot/grub/config.cfg":  "set default=0\n",
		},
		"live/vmlinuz-6.1.0-18-amd64 [live/initrd.img-6.1.0-18-amd64] boot=live components quiet splash fetch=<live/filesystem.squashfs>", "Live system|Safe", OverHTTP,
	},
	{
		"debian-live", "KALI", map[string]string{
			"live/filesystem.squashfs": "root", "live/more.squashfs": "root", "live/filesystem.module": "filesystem.squashfs more.squashfs", "live/vmlinuz": "k", "live/initrd.img": "i",
		},
		"live/vmlinuz [live/initrd.img] boot=live components fetch=<iso>", "Debian live system", OverISO,
	},
	{
		"debian-netboot", "ISOIMAGE", map[string]string{
			"linux": "k", "initrd.gz": "i", "isolinux.cfg": "path\ninclude txt.cfg\ndefault vesamenu.c32\n",
			"txt.cfg": "default install\nlabel install\n\tmenu default\n\tkernel linux\n\tappend vga=788 initrd=initrd.gz --- quiet\n",
		},
		"linux [initrd.gz] vga=788 --- quiet", "install", OverNone,
	},
	{
		"ubuntu-server", "Ubuntu-Server 24.04.1 LTS amd64", map[string]string{
			".disk/info":          "Ubuntu-Server 24.04.1 LTS \"Noble Numbat\" - Release amd64 (20240827)",
			"casper/min.squashfs": "", "casper/vmlinuz": "k", "casper/initrd": "i", "casper/hwe-vmlinuz": "hk", "casper/hwe-initrd": "hi",
			"boot/grub/grub.cfg":     "set timeout=30\nloadfont unicode\nmenuentry \"Try or Install Ubuntu Server\" {\n\tset gfxpayload=keep\n\tlinux\t/casper/vmlinuz  --- quiet\n\tinitrd\t/casper/initrd\n}\nmenuentry 'HWE kernel' {\n\tlinux /casper/hwe-vmlinuz ---\n\tinitrd /casper/hwe-initrd\n}\ngrub_platform\nif [ \"$grub_platform\" = \"efi\" ]; then\nmenuentry 'Boot from next volume' {\n\texit 1\n}\nfi\n",
			"boot/grub/loopback.cfg": "menuentry \"Try or Install Ubuntu Server\" {\n\tlinux\t/casper/vmlinuz  iso-scan/filename=${iso_path} --- quiet\n\tinitrd\t/casper/initrd\n}\n",
		},
		"casper/vmlinuz [casper/initrd] cloud-config-url=/dev/null ip=dhcp netboot=url url=<iso> --- quiet", "Try or Install Ubuntu Server|HWE kernel|Try or Install Ubuntu Server", OverISO,
	},
	{
		"mint", "Linux Mint 21.3 Cinnamon 64-bit", map[string]string{
			".disk/info": "Linux Mint 21.3 \"Virginia\" - Release amd64", "casper/filesystem.squashfs": "", "casper/vmlinuz": "k", "casper/initrd.lz": "i",
			"isolinux/isolinux.cfg": "default vesamenu.c32\nlabel live\n  menu label Start Linux Mint\n  kernel /casper/vmlinuz\n  append file=/cdrom/preseed/linuxmint.seed boot=casper initrd=/casper/initrd.lz quiet splash --\nmenu default\n",
		},
		"casper/vmlinuz [casper/initrd.lz] boot=casper quiet splash ip=dhcp netboot=url url=<iso> --", "Start Linux Mint", OverISO,
	},
	{
		"casper", "Pop_OS 22.04 amd64", map[string]string{
			"casper_pop-os_22.04_amd64/filesystem.squashfs": "", "casper_pop-os_22.04_amd64/vmlinuz.efi": "k", "casper_pop-os_22.04_amd64/initrd.gz": "i",
			"boot/grub/grub.cfg": "menuentry \"Try or Install Pop_OS\" {\n linux /casper_pop-os_22.04_amd64/vmlinuz.efi boot=casper live-media-path=/casper_pop-os_22.04_amd64 hostname=pop-os noprompt ---\n initrd /casper_pop-os_22.04_amd64/initrd.gz\n}\n",
		},
		"casper_pop-os_22.04_amd64/vmlinuz.efi [casper_pop-os_22.04_amd64/initrd.gz] boot=casper live-media-path=/casper_pop-os_22.04_amd64 hostname=pop-os noprompt ip=dhcp netboot=url url=<iso> ---", "Try or Install Pop_OS", OverISO,
	},
	{
		"anaconda", "Fedora-S-dvd-x86_64-40", map[string]string{
			".treeinfo": "", "images/install.img": "", "images/pxeboot/vmlinuz": "k", "images/pxeboot/initrd.img": "i", "repodata/repomd.xml": "",
			"boot/grub2/grub.cfg": "set default=\"1\"\nfunction load_video {\n  insmod all_video\n}\nload_video\nmenuentry 'Install Fedora 40' --class fedora {\n linux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=Fedora-S-dvd-x86_64-40 quiet\n initrd /images/pxeboot/initrd.img\n}\nmenuentry 'Test this media & install Fedora 40' --class fedora {\n linux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=Fedora-S-dvd-x86_64-40 rd.live.check quiet\n initrd /images/pxeboot/initrd.img\n}\nsubmenu 'Troubleshooting -->' {\n menuentry 'Rescue' {\n  linux /images/pxeboot/vmlinuz inst.stage2=hd:LABEL=x inst.rescue quiet\n  initrd /images/pxeboot/initrd.img\n }\n}\n",
		},
		"images/pxeboot/vmlinuz [images/pxeboot/initrd.img] quiet inst.repo=<base>", "Install Fedora 40|Test this media & install Fedora 40|Troubleshooting --> > Rescue", OverHTTP,
	},
	{
		"anaconda", "RHEL-9-3-0-BaseOS-x86_64", map[string]string{
			"images/install.img": "", "images/pxeboot/vmlinuz": "k", "images/pxeboot/initrd.img": "i",
		},
		"images/pxeboot/vmlinuz [images/pxeboot/initrd.img] inst.stage2=<base>", `Fedora, RHEL or a child of them, installer`, OverHTTP,
	},
	{
		"dracut-live", "Fedora-WS-Live-40-1-14", map[string]string{
			"LiveOS/squashfs.img": "", "images/pxeboot/vmlinuz": "k", "images/pxeboot/initrd.img": "i",
			"EFI/BOOT/grub.cfg": "menuentry 'Start Fedora-Workstation-Live 40' {\n linuxefi /images/pxeboot/vmlinuz root=live:CDLABEL=Fedora-WS-Live-40-1-14 rd.live.image quiet rhgb\n initrdefi /images/pxeboot/initrd.img\n}\n",
		},
		"images/pxeboot/vmlinuz [images/pxeboot/initrd.img] rd.live.image quiet rhgb rd.neednet=1 ip=dhcp root=live:<LiveOS/squashfs.img>", "Start Fedora-Workstation-Live 40", OverHTTP,
	},
	{
		"opensuse", "openSUSE-Leap-15.5-DVD", map[string]string{
			"boot/x86_64/loader/linux": "k", "boot/x86_64/loader/initrd": "i",
			"boot/x86_64/loader/isolinux.cfg": "default harddisk\nlabel harddisk\n  localboot 0x80\nlabel linux\n  kernel linux\n  append initrd=initrd splash=silent showopts\n",
		},
		"boot/x86_64/loader/linux [boot/x86_64/loader/initrd] splash=silent showopts install=<base>", "linux", OverHTTP,
	},
	{
		"opensuse-live", "openSUSE_Tumbleweed", map[string]string{
			"LiveOS/squashfs.img": "", "boot/x86_64/loader/linux": "k", "boot/x86_64/loader/initrd": "i",
			"boot/grub2/grub.cfg": "if [ \"${grub_platform}\" = \"efi\" ]; then linux=linuxefi; initrd=initrdefi; else linux=linux; initrd=initrd; fi\nmenuentry \"Live\" { $linux ($root)/boot/x86_64/loader/linux splash=silent root=live:CDLABEL=openSUSE rd.live.image; $initrd ($root)/boot/x86_64/loader/initrd\n}\n",
		},
		"boot/x86_64/loader/linux [boot/x86_64/loader/initrd] splash=silent rd.live.image rd.neednet=1 ip=dhcp root=live:<iso>", "Live", OverISO,
	},
	{
		"arch", "ARCH_202405", map[string]string{
			"arch/x86_64/airootfs.sfs": "", "arch/boot/x86_64/vmlinuz-linux": "k", "arch/boot/x86_64/initramfs-linux.img": "i", "arch/boot/intel-ucode.img": "u",
			"loader/loader.conf":                          "timeout 15\ndefault 01-archiso-x86_64-linux.conf\n",
			"loader/entries/01-archiso-x86_64-linux.conf": "title Arch Linux install medium (x86_64, UEFI)\nsort-key 01\nlinux /arch/boot/x86_64/vmlinuz-linux\ninitrd /arch/boot/intel-ucode.img\ninitrd /arch/boot/x86_64/initramfs-linux.img\noptions archisobasedir=arch archisosearchuuid=2024-05-01-00-00-00-00\n",
		},
		"arch/boot/x86_64/vmlinuz-linux [arch/boot/intel-ucode.img arch/boot/x86_64/initramfs-linux.img] archisobasedir=arch ip=dhcp archiso_http_srv=<base>/", "Arch Linux install medium (x86_64, UEFI)", OverHTTP,
	},
	{
		"systemrescue", "RESCUE1101", map[string]string{
			"sysresccd/x86_64/airootfs.sfs": "", "sysresccd/boot/x86_64/vmlinuz": "k", "sysresccd/boot/x86_64/sysresccd.img": "i",
			"boot/grub/grubsrcd.cfg": "", "sysresccd/boot/syslinux/sysresccd.cfg": "",
			"boot/grub/grub.cfg": "menuentry \"Boot SystemRescue using default options\" {\n\tset gfxpayload=keep\n\tlinux /sysresccd/boot/x86_64/vmlinuz archisobasedir=sysresccd archisolabel=RESCUE1101 iomem=relaxed\n\tinitrd /sysresccd/boot/x86_64/sysresccd.img\n}\n",
		},
		"sysresccd/boot/x86_64/vmlinuz [sysresccd/boot/x86_64/sysresccd.img] archisobasedir=sysresccd iomem=relaxed ip=dhcp archiso_http_srv=<base>/", "Boot SystemRescue using default options", OverHTTP,
	},
	{
		"manjaro", "MANJARO_KDE_2400", map[string]string{
			"manjaro/x86_64/rootfs.sfs": "", "boot/vmlinuz-x86_64": "k", "boot/initramfs-x86_64.img": "i",
			"boot/grub/grub.cfg":    "source /boot/grub/kernels.cfg\n",
			"boot/grub/kernels.cfg": "menuentry \"Boot with open source drivers\" {\n linux /boot/vmlinuz-x86_64 misobasedir=manjaro misolabel=MANJARO_KDE_2400 quiet ${extra}\n initrd /boot/initramfs-x86_64.img\n}\n",
		},
		"boot/vmlinuz-x86_64 [boot/initramfs-x86_64.img] misobasedir=manjaro quiet ip=dhcp miso_http_srv=<base>/", "Boot with open source drivers", OverHTTP,
	},
	{
		"void", "VOID_LIVE", map[string]string{
			"LiveOS/squashfs.img": "", "boot/vmlinuz": "k", "boot/initrd": "i",
			"boot/isolinux/isolinux.cfg": "UI vesamenu.c32\nLABEL linux\nMENU LABEL Void Linux\nKERNEL /boot/vmlinuz\nAPPEND initrd=/boot/initrd root=live:CDLABEL=VOID_LIVE ro init=/sbin/init rd.live.overlay.overlayfs=1\n",
		},
		"boot/vmlinuz [boot/initrd] ro init=/sbin/init rd.live.overlay.overlayfs=1 ip=dhcp root=live:<LiveOS/squashfs.img>", "Void Linux", OverHTTP,
	},
	{
		"alpine", "alpine-std 3.19.1 x86_64", map[string]string{
			"apks/.boot_repository": "", "boot/vmlinuz-lts": "k", "boot/initramfs-lts": "i", "boot/modloop-lts": "m",
			"boot/syslinux/syslinux.cfg": "TIMEOUT 10\nPROMPT 1\nDEFAULT lts\nLABEL lts\n\tMENU LABEL Linux lts\n\tKERNEL /boot/vmlinuz-lts\n\tINITRD /boot/initramfs-lts\n\tFDTDIR /boot/dtbs-lts\n\tAPPEND modules=loop,squashfs,sd-mod,usb-storage quiet\n",
		},
		"boot/vmlinuz-lts [boot/initramfs-lts] modules=loop,squashfs,sd-mod,usb-storage quiet ip=dhcp alpine_repo=<base>/apks modloop=<boot/modloop-lts>", "Linux lts", OverHTTP,
	},
	{
		"gentoo", "Gentoo-amd64-20240505", map[string]string{
			"image.squashfs": "", "boot/gentoo": "k", "boot/gentoo.igz": "i",
			"boot/grub/grub.cfg": "menuentry 'Boot LiveCD (kernel: gentoo)' --class gnu-linux {\n linux /boot/gentoo dokeymap root=live:CDLABEL=Gentoo-amd64-20240505 rd.live.dir=/ rd.live.squashimg=image.squashfs cdroot\n initrd /boot/gentoo.igz\n}\n",
		},
		"boot/gentoo [boot/gentoo.igz] dokeymap rd.neednet=1 ip=dhcp root=live:<image.squashfs>", "Boot LiveCD (kernel: gentoo)", OverHTTP,
	},
	{
		"tinycore", "TinyCore", map[string]string{
			"boot/vmlinuz64": "k", "boot/corepure64.gz": "i", "cde/onboot.lst": "",
			"boot/isolinux/isolinux.cfg": "display boot.msg\ndefault microcore\nlabel microcore\n\tkernel /boot/vmlinuz64\n\tinitrd /boot/corepure64.gz\n\tappend loglevel=3 cde\n",
		},
		"boot/vmlinuz64 [boot/corepure64.gz] loglevel=3", "microcore", OverNone,
	},
	{
		"clonezilla", "3.1.2-22-amd64", map[string]string{
			"live/filesystem.squashfs": "", "Clonezilla-Live-Version": "", "live/vmlinuz": "k", "live/initrd.img": "i",
			"syslinux/isolinux.cfg": "default vesamenu.c32\nlabel Clonezilla live\n  MENU DEFAULT\n  MENU LABEL Clonezilla live (VGA 800x600)\n  kernel /live/vmlinuz\n  append initrd=/live/initrd.img boot=live union=overlay config components ip=frommedia vga=788 \n",
		},
		"live/vmlinuz [live/initrd.img] boot=live union=overlay config components vga=788 fetch=<live/filesystem.squashfs>", "Clonezilla live (VGA 800x600)", OverHTTP,
	},
	{
		"gparted", "GParted-live", map[string]string{
			"live/filesystem.squashfs": "", "GParted-Live-Version": "", "live/vmlinuz": "k", "live/initrd.img": "i",
			"boot/grub/grub.cfg": "set linux_cmd=linux\nset initrd_cmd=initrd\nif [ \"${grub_cpu}\" = \"x86_64\" ]; then\n if [ -e /live/vmlinuz ]; then set extra=quiet; fi\nfi\nmenuentry \"GParted Live\" --id live-default {\n $linux_cmd /live/vmlinuz boot=live config components $extra ip=frommedia\n $initrd_cmd /live/initrd.img\n}\n",
		},
		"live/vmlinuz [live/initrd.img] boot=live config components quiet fetch=<live/filesystem.squashfs>", "GParted Live", OverHTTP,
	},
	{
		"grml", "grml64-full_2024.02", map[string]string{
			"live/grml64-full/grml64-full.squashfs": "", "boot/grml64full/vmlinuz": "k", "boot/grml64full/initrd.img": "i",
			"boot/grub/grub.cfg": "menuentry 'grml64-full' {\n linux /boot/grml64full/vmlinuz apm=power-off boot=live live-media-path=/live/grml64-full/ bootid=x findiso=$iso_path nomce\n initrd /boot/grml64full/initrd.img\n}\n",
		},
		"boot/grml64full/vmlinuz [boot/grml64full/initrd.img] apm=power-off boot=live live-media-path=/live/grml64-full/ bootid=x nomce fetch=<live/grml64-full/grml64-full.squashfs>", "grml64-full", OverHTTP,
	},
	{
		"proxmox", "PVE", map[string]string{
			"boot/linux26": "k", "boot/initrd.img": "i", "pve-installer.squashfs": "", "pve-base.squashfs": "",
			"boot/grub/grub.cfg": "menuentry 'Install Proxmox VE (Graphical)' --class debian {\n linux $prefix/../linux26 ro ramdisk_size=16777216 rw quiet splash=silent\n initrd /boot/initrd.img\n}\n",
		},
		"boot/linux26 [boot/initrd.img] ro ramdisk_size=16777216 rw quiet splash=silent", "Install Proxmox VE (Graphical)", OverInitrd,
	},
	{
		"debian-installer", "Debian 12.5.0 amd64 n", map[string]string{
			".disk/info": "Debian GNU/Linux 12.5.0 \"Bookworm\" - Official amd64 NETINST", "dists/bookworm/Release": "Suite: stable\n",
			"install.amd/vmlinuz": "k", "install.amd/initrd.gz": "i", "install.amd/gtk/vmlinuz": "k", "install.amd/gtk/initrd.gz": "i",
			"isolinux/isolinux.cfg": "path\ninclude menu.cfg\ndefault vesamenu.c32\nprompt 0\ntimeout 0\n",
			"isolinux/menu.cfg":     "include gtk.cfg\ninclude txt.cfg\n",
			"isolinux/gtk.cfg":      "label installgui\n\tmenu label ^Graphical install\n\tmenu default\n\tkernel /install.amd/vmlinuz\n\tappend vga=788 initrd=/install.amd/gtk/initrd.gz --- quiet \n",
			"isolinux/txt.cfg":      "label install\n\tmenu label ^Install\n\tkernel /install.amd/vmlinuz\n\tappend vga=788 initrd=/install.amd/initrd.gz --- quiet \n",
		},
		"install.amd/vmlinuz [install.amd/gtk/initrd.gz] vga=788 --- quiet", "Graphical install|Install", OverInitrd,
	},
	{
		"debian-installer", "Debian 13.1.0 arm64 n", map[string]string{
			".disk/info": "Debian GNU/Linux 13.1.0", "dists/trixie/Release": "Suite: stable\n", "install.a64/vmlinuz": "k", "install.a64/initrd.gz": "i",
			"boot/grub/grub.cfg": "menuentry --hotkey=i 'Install' {\n set background_color=black\n linux /install.a64/vmlinuz --- quiet\n initrd /install.a64/initrd.gz\n}\n",
		},
		"install.a64/vmlinuz [install.a64/initrd.gz] --- quiet", "Install", OverInitrd,
	},
	{"memtest86+", "MT86PLUS_64", map[string]string{"EFI/BOOT/bootx64.efi": "k", "boot/floppy.img": ""}, "EFI/BOOT/bootx64.efi []", "Memtest86+", OverNone},
}

func TestLayouts(t *testing.T) {
	tried := map[string]bool{}
	for _, tt := range layouts {
		tried[tt.family] = true
		t.Run(tt.family, func(t *testing.T) {
			found := Builtin().Recognise(mediumOf(tt.label, tt.files))
			if found.Family.Name != tt.family || found.Root.Over != tt.over {
				t.Fatalf("it is %q over %q", found.Family.Name, found.Root.Over)
			}
			var titles []string
			for _, s := range found.Systems {
				titles = append(titles, s.Title)
			}
			if got := strings.Join(titles, "|"); got != tt.titles {
				t.Errorf("the systems are %q", got)
			}
			s, ok := found.Choose("")
			args, err := found.Arguments(s)
			if err != nil || !ok {
				t.Fatal(err, ok)
			}
			if got := strings.TrimSpace(s.Kernel + " [" + strings.Join(s.Initrds, " ") + "] " + rendered(args)); got != tt.boots {
				t.Errorf("it boots\n%s\nwanted\n%s", got, tt.boots)
			}
			if found.Memory < 16<<20 {
				t.Errorf("it wants %d bytes of memory", found.Memory)
			}
		})
	}
	for _, f := range Builtin() {
		if !tried[f.Name] && f.Unfit == "" && f.WIM == "" {
			t.Errorf("no layout of %s is tried", f.Name)
		}
	}
}

// Families that don't boot over the network are known, with the reason.
func TestUnfit(t *testing.T) {
	for family, files := range map[string]map[string]string{
		"nixos":   {"nix-store.squashfs": "", "boot/bzImage": ""},
		"freebsd": {"boot/kernel/kernel": "", "boot/loader.efi": ""},
	} {
		found := Builtin().Recognise(mediumOf("", files))
		if found.Family.Name != family || found.Family.Unfit == "" || found.Family.Instead == "" {
			t.Errorf("%s is %q, unfit for %q", family, found.Family.Name, found.Family.Unfit)
		}
	}
	if found := Builtin().Recognise(mediumOf("DATA", map[string]string{"readme.txt": "", "photos/1.jpg": ""})); found.Family.Name != "" {
		t.Errorf("photos are %s", found.Family.Name)
	}
}

// Windows has an image for wimboot and no kernel.
func TestWindows(t *testing.T) {
	found := Builtin().Recognise(mediumOf("", map[string]string{"SOURCES/BOOT.WIM": "x", "BOOTMGR": "", "BOOTMGR.EFI": ""}))
	if found.Family.Name != "windows" || found.Family.Unfit != "" || found.WIM != "SOURCES/BOOT.WIM" || found.Memory < 512<<20 {
		t.Errorf("%q, unfit for %q, %q, %d bytes of memory", found.Family.Name, found.Family.Unfit, found.WIM, found.Memory)
	}
}

func TestChoose(t *testing.T) {
	found := Builtin().Recognise(mediumOf(layouts[0].label, layouts[0].files))
	for name, want := range map[string]string{"": "Live system", "2": "Safe", "safe": "Safe", "3": "", "0": "", "none": ""} {
		if s, ok := found.Choose(name); s.Title != want || ok != (want != "") {
			t.Errorf("%q is %q", name, s.Title)
		}
	}
}

// What a user's file has goes before, replaces, and is wrong with its line and a caret.
func TestOpen(t *testing.T) {
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "families.yaml")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	own, err := Open(write("families:\n- name: mine\n  match: {files: [mine.txt]}\n  kernels: [k]\n  roots: [{over: none}]\n- name: alpine\n  title: Ours\n  match: {label: [ours]}\n  unfit: no\n"))
	if err != nil {
		t.Fatal(err)
	}
	if own[0].Name != "mine" || own[1].Title != "Ours" || slices.IndexFunc(own[2:], func(f Family) bool { return f.Name == "alpine" }) >= 0 || len(own) != len(Builtin())+1 {
		t.Errorf("the families are wrong: %v, %d of them", own[:2], len(own))
	}
	for _, tt := range []struct{ text, want string }{
		{"families:\n- name: mine\n  kernel: [k]\n", `unknown field "kernel"`},
		{"families:\n- name: mine\n  match: {files: [mine.txt]}\n  roots: [{over: smoke}]\n", `over "smoke"`},
		{"families:\n- name: mine\n  match: {files: [\"[\"]}\n  unfit: x\n", `the pattern "["`},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: http, args: 'a={{ URL }}'}]\n", "none of"},
		{"families:\n- name: mine\n  unfit: x\n", "nothing in match"},
		{"families:\n- name: mine\n  match: {files: [a]}\n", "no root over"},
		{"families: [\n", "sequence"},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: initrd}]\n", `with inject: ""`},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: initrd, inject: ../a}]\n", `with inject: "../a"`},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: initrd, layout: other}]\n", "layout: other, which is none of debian-installer"},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: http, layout: debian-installer}]\n", "one of them goes with initrd"},
		{"families:\n- name: mine\n  match: {files: [a]}\n  roots: [{over: initrd, inject: a, layout: debian-installer}]\n", "one of them goes with initrd"},
	} {
		_, err := Open(write(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), ">") || strings.Contains(tt.text, "name") && !strings.Contains(err.Error(), "^") {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"a*", "abc", true}, {"a*", "A/b", true}, {"*c", "abc", true}, {"a*c", "abbc", true}, {"a*c", "ac", true}, {"ab*bc", "abc", false},
		{"a", "ab", false}, {"*", "", true}, {"a*b*c", "axbxc", true}, {"a*b*c", "axc", false},
	} {
		if like(tt.pattern, tt.text) != tt.want {
			t.Errorf("%q and %q", tt.pattern, tt.text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(Text()[:4000]))
	f.Add("families:\n- name: a\n  match: {files: [b]}\n  unfit: c\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := Parse([]byte(text))
		if err != nil {
			return
		}
		found := table.Recognise(mediumOf(layouts[0].label, layouts[0].files))
		for _, s := range found.Systems {
			_, _ = found.Arguments(s)
		}
	})
}
