package docs

import "fmt"

// command is one documented command line and how it is run. Every documented
// line has one, and every one is documented.
type command struct {
	line string
	// as is what is run for a line with a placeholder, or for a part of one.
	as string
	// before prepares the folder in which it runs; see files.
	before string
	// until is a pattern of what the command prints when it has come as far as
	// is wanted; it is then interrupted, and must end well. "" is to its end.
	until string
	// ready is a file that appears then.
	ready string
	// ipxe has iPXE run it, in a machine.
	ipxe bool
	// plain runs it on this host: in this repository, on no network.
	plain bool
	// boots says that it boots a machine.
	boots bool
	// elsewhere says who runs it where this test can't.
	elsewhere elsewhere
}

// elsewhere is the reason why a line isn't run here, and, where another test
// runs it, that test's file and the text by which it does.
type elsewhere struct{ why, file, text string }

const (
	booting  = `Spur boots .* on eth`
	known    = `mkdir -p /var/lib/spur/machines; echo '{"routes":["bios-undionly"]}' >/var/lib/spur/machines/52:54:00:12:34:56`
	booted   = `mkdir -p /var/lib/spur/booted; touch /var/lib/spur/booted/52:54:00:12:34:56 /var/lib/spur/booted/52:54:00:12:34:57`
	nbp      = `printf '\353\376\0\0' >my.nbp; echo data >data.bin`
	tagged   = `spur loader import programs/spur-nbi.bin; printf '\066\023\003\033\004\0\0\0\0\0\0\222\0\0\0\020\004\0\0\004\0\0\001\0\002\0\0\0\002\0\0\0' >image.nbi; truncate -s 512 image.nbi; printf '\353\376' >>image.nbi`
	disk     = `truncate -s 720K disk.img; printf '\372' | dd of=disk.img conv=notrunc status=none; printf '\125\252' | dd of=disk.img bs=1 seek=510 conv=notrunc status=none`
	shims    = `mkdir shims; cp /usr/lib/ipxe/snponly.efi shims`
	machines = `printf 'machines:\n  - mac: 52:54:00:12:34:56\n    boot: vmlinuz\n    initrds: initrd.img\n' >machines.yaml`
	targets  = `mkdir -p /srv/isos/tools; cp /usr/lib/ipxe/snponly.efi /srv/isos/tools/shell.efi`
	serving  = `(?m) at \S+( on \S+)?$`
)

// served has a disk served, over what the flags say, before a command is run
// that uses it.
func served(flags string) string {
	return "spur disk serve disk.qcow2 " + flags + " >log & until grep -q ' at ' log; do sleep 0.05; done"
}

// nbi makes a NetBoot image.
func nbi(name string, index int) string {
	return fmt.Sprintf(`mkdir -p %[1]s/i386; touch %[1]s/i386/booter %[1]s/NetInstall.dmg; printf '<plist version="1.0"><dict><key>Name</key><string>Mac</string><key>Index</key><integer>%[2]d</integer><key>Type</key><string>HTTP</string><key>RootPath</key><string>NetInstall.dmg</string><key>BootFile</key><string>booter</string><key>Architectures</key><array><string>i386</string></array></dict></plist>' >%[1]s/NBImageInfo.plist; `, name, index)
}

// qemu opens a disk in QEMU, and ends it.
func qemu(drive string) string {
	return `sh -c 'echo quit | qemu-system-x86_64 -accel tcg -nodefaults -display none -S -monitor stdio ` + drive + `'`
}

// withGRUB gives the host the modules of GRUB for a BIOS.
const withGRUB = `mount -t tmpfs none /usr/lib/grub; ln -s "$PWD/i386-pc" /usr/lib/grub`

// withPXELINUX gives the host a PXELINUX, and this folder a module with what it needs.
const withPXELINUX = `spur loader import lpxelinux.0; spur loader import syslinux/ldlinux.c32; for m in hdt libgpl libmenu libutil libcom32; do cp syslinux/$m.c32 .; done`

// wimboot makes what is taken for wimboot, and windows imports it and makes an image of
// Windows PE and an ISO with it.
const (
	wimboot = `cp /usr/lib/ipxe/snponly.efi wimboot; printf 'wimboot v2.8.0 -- Windows Imaging Format bootloader -- https://ipxe.org/wimboot\n' >>wimboot`
	windows = wimboot + `; spur loader import wimboot; mkdir -p pe media/sources media/boot media/efi/boot; touch bcd boot.sdi bootx64.efi media/efi/boot/bootx64.efi winpeshl.ini install.cmd autounattend.xml media/bootmgr media/boot/bcd media/boot/boot.sdi
wimlib-imagex capture pe boot.wim PE --boot >log; cp boot.wim media/sources; genisoimage -quiet -udf -o Win11.iso media`
)

// withARM64 gives the host the stub for arm64.
const withARM64 = `mount -t tmpfs none /usr/lib/systemd/boot/efi; cp linuxaa64.efi.stub /usr/lib/systemd/boot/efi`

// xenForUEFI makes the headers of Xen's program for UEFI: PE32+ for x64, linked to run where
// Xen does.
const xenForUEFI = `{ printf MZ; head -c 58 /dev/zero; printf '\100\000\000\000PE\000\000\144\206'; head -c 14 /dev/zero; printf '\160\000\000\000\013\002'; head -c 22 /dev/zero
printf '\000\000\000\100\320\202\377\377\000\020\000\000\000\002\000\000\000\000\000\000\004\000\021\000'; head -c 8 /dev/zero; printf '\000\020\000\000\000\002\000\000\000\000\000\000\012\000'; head -c 400 /dev/zero; } >xen.efi`

// multiboot makes a kernel that has a Multiboot header with addresses, and a module.
const multiboot = `printf '\002\260\255\033\000\000\001\000\376\117\121\344\000\000\020\000\000\000\020\000\000\000\000\000\000\000\000\000\040\000\020\000' >kernel.elf; echo shell >shell.mod`

func commands() []command {
	return []command{
		{line: `sudo spur boot vmlinuz initrd.img --cmdline "console=ttyS0"`, until: booting},
		{line: `sudo bin/spur boot vmlinuz initrd.img --cmdline "quiet"`, until: booting},
		{line: `sudo install bin/spur /usr/local/bin/`, before: "mount -t tmpfs none /usr/local/bin"},
		{line: `spur boot vmlinuz initrd.img`, until: booting},
		{line: `spur boot boot.ipxe`, before: `printf '#!ipxe\nshell\n' >boot.ipxe`, until: booting},
		{line: `spur boot debian.iso`, until: booting},
		{line: `spur boot debian.iso --entry "Safe mode" --cmdline "console=ttyS0"`, until: booting},
		{line: `spur boot https://boot.example/debian.iso --entry "Safe mode"`, until: booting},
		{line: `spur boot debian.iso answers.cpio`, before: "touch preseed.cfg; echo preseed.cfg | cpio -o -H newc >answers.cpio", until: booting},
		{line: `spur boot debian.iso --root iscsi`, until: booting},
		{line: `spur boot debian.iso --root nfs`, until: booting},
		{line: `--root nfs`, as: `spur boot debian.iso --root nfs`, until: booting},
		{line: `--root iscsi`, as: `spur boot debian.iso --root iscsi`, until: booting},
		{line: `--root nbd`, as: `spur boot debian.iso --root nbd --families own.yaml`, before: `spur image families | sed "s/over: iscsi/over: nbd/" >own.yaml`, until: booting},
		{line: `spur image show debian.iso --root iscsi`},
		{line: `spur image show debian.iso`},
		{line: `spur image show debian.iso --json`},
		{line: `spur image families`},
		{line: `--families FILE`, as: `spur boot debian.iso --families own.yaml`, before: `spur image families >own.yaml`, until: booting},
		{line: `spur loader import wimboot`, before: wimboot},
		{line: `spur boot boot.wim`, before: windows, until: booting},
		{line: `spur boot media`, before: windows, until: booting},
		{line: `spur boot Win11.iso`, before: windows, until: booting},
		{line: `spur boot Win11.iso winpeshl.ini install.cmd autounattend.xml`, before: windows, until: booting},
		{line: `spur boot Win11.iso --as disk`, before: disk + "; mv disk.img Win11.iso", until: booting},
		{line: `spur boot DIR`, as: `spur boot shims --dhcp server --pool 10.0.0.0/24`, before: shims, until: booting},
		{line: `spur explain DIR`, as: `spur explain shims --dhcp server`, before: shims},
		{line: `spur boot disk.img`, before: disk, until: booting},
		{line: `spur boot kernel.elf --module "shell.mod arg" --cmdline debug`, before: multiboot, until: booting},
		{line: `spur boot image.nbi`, before: tagged, until: booting},
		{line: `spur boot kernel.elf --watch`, before: multiboot, until: booting},
		{line: `spur boot xen.gz --cmdline "console=com1" --module "vmlinuz console=hvc0" --module initrd.img`, before: multiboot + "; gzip -c kernel.elf >xen.gz", until: booting},
		{line: `spur boot xen.efi --cmdline "console=com1" --module "vmlinuz console=hvc0" --module initrd.img`, before: xenForUEFI, until: booting},
		{line: `spur lab --firmware bios kernel.elf --module "shell.mod arg" --watch`, elsewhere: elsewhere{"a kernel that prints what it was told boots there, and is changed", "../boottest/watch_test.go", `"--firmware", "bios", kernel, "--module"`}},
		{line: `spur boot hdt.c32 --cmdline "quiet"`, before: withPXELINUX, until: booting},
		{line: `spur boot my.nbp data.bin --as nbp`, before: nbp, until: booting},
		{line: `spur boot DIR --as nbp`, as: `spur boot nbps --as nbp`, before: nbp + "; mkdir nbps; mv my.nbp nbps", until: booting},
		{line: `spur boot vmlinuz initrd.img --cmdline "console=ttyS0 quiet"`, until: booting},
		{line: `spur boot Debian=vmlinuz,initrd.img Rescue=vmlinuz,rescue.img --menu pxe --boot-server wds=10.0.0.5:Windows --boot-server local`, before: "cp initrd.img rescue.img", until: booting},
		{line: `spur boot Debian=vmlinuz,initrd.img Shell=shell.efi local --menu`, before: "cp /usr/lib/ipxe/snponly.efi shell.efi", until: booting},
		{line: `spur explain Debian=vmlinuz,initrd.img Shell=shell.efi --menu --loader ipxe`, before: "cp /usr/lib/ipxe/snponly.efi shell.efi"},
		{line: `spur boot /srv/isos --menu`, before: targets, until: booting},
		{line: `spur boot /srv/isos --menu --menu-timeout 255`, before: targets, until: booting},
		{line: `spur boot /srv/isos --menu --menu-password passwords`, before: targets + `; echo 'tools/* $argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$TnDEl2tJgYtaYZt0/5f59Jf56vkIG4EtQACv6SLO2cI' >passwords`, until: booting},
		{line: `spur boot local`, until: booting},
		{line: `spur boot --machines machines.yaml`, before: machines, until: booting},
		{line: `spur boot local --machines machines.yaml`, before: machines, until: booting},
		{line: `spur explain --machines machines.yaml --mac 52:54:00:12:34:56 --firmware bios`, before: machines},
		{line: `spur boot vmlinuz initrd.img --as-boot-server 32770`, until: booting},
		{line: `spur explain Debian=vmlinuz,initrd.img Rescue=vmlinuz,rescue.img --menu pxe --boot-server local`, before: "cp initrd.img rescue.img"},
		{line: `spur boot vmlinuz base.cpio.gz site.cpio.gz --only 52:54:00:12:34:56`, until: booting},
		{line: `spur boot vmlinuz initrd.img --for arm64=vmlinuz-arm64,initrd-arm64.img --cmdline-for arm64="console=ttyAMA0"`, before: withARM64, until: booting},
		{line: `spur boot https://boot.example/vmlinuz https://boot.example/initrd.img`, until: booting},
		{line: `spur boot Install.nbi Restore.nbi`, before: nbi("Install.nbi", 1) + nbi("Restore.nbi", 2), until: booting},
		{line: `spur boot NetBootSP0`, before: nbi("NetBootSP0/Install.nbi", 1), until: booting},
		{line: `spur explain /srv/isos --menu --item 2`, before: targets},
		{line: `spur explain Install.nbi --proto bsdp`, before: nbi("Install.nbi", 1)},
		{line: `spur boot vmlinuz initrd --interface eth1 --dhcp server --pool 10.9.0.50-10.9.0.99`, until: booting},
		{line: `spur boot vmlinuz initrd.img --dhcp server --pool fd77::/64 --ra`, before: "ip -6 addr add fd77::1/64 dev eth0 nodad", until: booting},
		{line: `--dhcp server --pool fd77::/64`, as: `spur boot vmlinuz --dhcp server --pool fd77::/64`, before: "ip -6 addr add fd77::1/64 dev eth0 nodad", until: booting},
		{line: `spur boot vmlinuz initrd --cmdline 'config={{ ID "node.yaml" }} spur.up={{ UP }}'`, until: booting},
		{line: `spur boot vmlinuz initrd.img --https-port 443 --data /var/lib/spur`, until: booting},
		{line: `spur boot vmlinuz initrd.img --tls-cert server.crt --tls-key server.key`, until: booting,
			before: `openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -addext subjectAltName=IP:192.0.2.1 -keyout server.key -out server.crt 2>/dev/null`},
		{line: `spur boot vmlinuz initrd.img --acme boot.example.org --data /var/lib/spur`, until: booting},
		{line: `--https-port 443`, as: `spur boot vmlinuz --https-port 443`, until: booting},
		{line: `--http-port 0`, as: `spur boot vmlinuz --http-port 0 --https-port 443`, until: booting},
		{line: `spur loader ca --data /var/lib/spur`},
		{line: `spur loader ca --data /var/lib/spur --der spur-ca.cer`},
		{line: `spur loader ca --data /var/lib/spur --esl cacerts`},
		{line: `spur boot … --dry-run`, as: `spur boot vmlinuz initrd.img --dry-run`},
		{line: `spur COMMAND --help`, as: `spur boot --help`},
		{line: `spur boot --help network`},
		{line: `spur boot --help all`},
		{line: `--dhcp server`, as: `spur boot vmlinuz --dhcp server --pool 10.0.0.0/24`, until: booting},
		{line: `--dhcp server --pool 10.0.0.100-10.0.0.200`, as: `spur boot vmlinuz --interface eth0 --dhcp server --pool 10.0.0.100-10.0.0.200`, until: booting},
		{line: `--dhcp off`, as: `spur boot vmlinuz --dhcp off`, until: booting},
		{line: `--dtb board.dtb`, as: `spur boot vmlinuz --dtb board.dtb`, before: `printf '\320\015\376\355' >board.dtb`, until: booting},
		{line: `--secure-boot on`, as: `spur boot vmlinuz --secure-boot on`, until: booting},
		{line: `--secure-boot off`, as: `spur boot vmlinuz --secure-boot off`, until: booting},
		{line: `--data DIR`, as: `spur boot vmlinuz --data state`, until: booting},
		{line: `--only 52:54:00:12:34:56`, as: `spur boot vmlinuz --only 52:54:00:12:34:56`, until: booting},
		{line: `--log json`, as: `spur boot vmlinuz --log json`, until: `"step":"ready"`},

		{line: `spur api http://boot.example`, until: booting},
		{line: `spur api http://boot.example:8080`, until: booting},
		{line: `spur api http://127.0.0.1:4242 --data /var/lib/spur`, until: booting},

		{line: `spur api http://127.0.0.1:4242 --allow-files /srv/boot`, before: "mkdir /srv/boot", until: booting},
		{line: `spur machine list --data /var/lib/spur`, before: booted},
		{line: `spur machine list --data /var/lib/spur --json`, before: known},
		{line: `spur machine list --data DIR`, as: `spur machine list --data /var/lib/spur`, before: known},
		{line: `spur machine next MAC`, as: `spur machine next 52:54:00:12:34:56 --data /var/lib/spur`, before: known},
		{line: `spur machine next 52:54:00:12:34:56 --data /var/lib/spur`, before: known},
		{line: `spur machine forget MAC`, as: `spur machine forget 52:54:00:12:34:56 --data /var/lib/spur`, before: known},
		{line: `spur machine forget 52:54:00:12:34:56 --data /var/lib/spur`, before: known},
		{line: `spur machine forget --all --data /var/lib/spur`, before: known},
		{line: `spur machine reset MAC --data DIR`, as: `spur machine reset 52:54:00:12:34:56 --data /var/lib/spur`, before: booted},
		{line: `spur machine reset 52:54:00:12:34:56 --data /var/lib/spur`, before: booted},
		{line: `spur machine reset 52:54:00:12:34:56 52:54:00:12:34:57 --data /var/lib/spur`, before: booted},

		{line: `spur loader keys init --data DIR`, as: `spur loader keys init --data /var/lib/spur`},
		{line: `spur loader keys import`, as: `spur loader keys import --help`},
		{line: `spur loader keys export`, as: `spur loader keys export --help`},
		{line: `spur loader keys init --data /var/lib/spur`},
		{line: `spur loader keys init --data /var/lib/spur --passphrase-file passphrase`, before: `echo secret >passphrase`},
		{line: `spur loader keys export public --data /var/lib/spur`, before: `spur loader keys init --data /var/lib/spur`},
		{line: `spur loader keys import db db.key db.pem --data /var/lib/spur`, before: `openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=own -keyout db.key -out db.pem 2>/dev/null`},
		{line: `spur boot enroll-keys --data /var/lib/spur --only 52:54:00:12:34:56`, before: `spur loader keys init --data /var/lib/spur`, until: booting},
		{line: `spur boot enroll-keys --data /var/lib/spur --without-microsoft`, before: `spur loader keys init --data /var/lib/spur`, until: booting},
		{line: `spur boot enroll-keys --data DIR`, as: `spur boot enroll-keys --help`},
		{line: `spur boot enroll-keys`, as: `spur boot enroll-keys --help`},
		{line: `spur boot vmlinuz initrd.img --data /var/lib/spur`, before: `spur loader keys init --data /var/lib/spur`, until: booting},
		{line: `spur explain vmlinuz initrd.img --data /var/lib/spur`, before: `spur loader keys init --data /var/lib/spur`},
		{line: `spur explain vmlinuz initrd.img`},
		{line: `spur explain vmlinuz initrd.img --firmware bios --packets`},
		{line: `spur explain --pcap boot.pcap`},
		{line: `spur explain --pcap failed.jsonl`},
		{line: `spur replay boot.pcap vmlinuz initrd.img`},
		{line: `spur replay boot.pcap vmlinuz initrd.img --dhcp server`},
		{line: `spur replay FILE vmlinuz`, as: `spur replay boot.pcap vmlinuz`},
		{line: `spur replay failed.jsonl vmlinuz initrd.img`},
		{line: `spur replay /var/lib/spur/failed/20260401-120107-52-54-00-12-34-56.jsonl vmlinuz initrd.img`,
			before: `mkdir -p /var/lib/spur/failed; cp failed.jsonl /var/lib/spur/failed/20260401-120107-52-54-00-12-34-56.jsonl`},
		{line: `spur replay failed.jsonl --anonymous anonymous.jsonl`},
		{line: `--record FOLDER`, as: `spur boot vmlinuz --record kept`, until: booting},
		{line: `--record none`, as: `spur boot vmlinuz --data state --record none`, until: booting},
		{line: `spur boot vmlinuz initrd.img --secure-boot on`, until: booting},
		{line: `sudo apt-get install shim-signed grub-efi-amd64-signed`, elsewhere: elsewhere{"installs on this host, for which this script unpacks them", "../scripts/install", "shim-signed grub-efi-amd64-signed"}},
		{line: `spur loader keys show --data /var/lib/spur`, before: `spur loader keys init --data /var/lib/spur`},

		{line: `spur loader import ipxe.deb`, before: `mkdir -p t/DEBIAN && cp /usr/lib/ipxe/*.efi t && printf 'Package: ipxe\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >t/DEBIAN/control && dpkg-deb --root-owner-group -b t ipxe.deb`},
		{line: `spur loader import https://boot.example/snponly.efi`},
		{line: `spur loader import --data /var/lib/spur https://boot.example/snponly.efi`},
		{line: `spur loader list`},
		{line: `spur loader list --json`},
		{line: `spur loader show snponly.efi vmlinuz`},
		{line: `spur loader show snponly.efi`},
		{line: `spur loader show /usr/lib/ipxe/snponly.efi`},
		{line: `spur loader show --json vmlinuz`},
		{line: `spur loader show vmlinuz`},
		{line: `spur loader import`, as: `spur loader import --help`},

		{line: `spur explain vmlinuz --firmware bios`},
		{line: `spur explain vmlinuz initrd.img --firmware bios`},
		{line: `spur explain vmlinuz initrd.img --firmware uefi --arch x64 --speaker ipxe`},
		{line: `spur explain vmlinuz initrd.img --firmware bios --loader grub`, before: withGRUB + `; spur loader make grub`},
		{line: `--loader grub`, as: `spur boot vmlinuz --loader grub`, before: withGRUB + `; spur loader make grub`, until: booting},
		{line: `spur loader make grub`, before: withGRUB},
		{line: `spur loader make grub --data /var/lib/spur`, before: withGRUB},
		{line: `spur explain vmlinuz initrd.img --firmware uefi --bytes`},
		{line: `spur explain vmlinuz initrd.img --for arm64=vmlinuz-arm64,initrd-arm64.img --arch aarch64`, before: withARM64},
		{line: `spur explain vmlinuz initrd.img --proto http --server 2001:db8::1`},

		{line: `spur lab`, elsewhere: elsewhere{"the same machine as that of make demo, which boots it", "../scripts/demo", "spur lab"}},
		{line: `spur lab --help security`},
		{line: `spur lab vmlinuz initrd.img`, until: `login:`, boots: true},
		{line: `--expect 'login:'`, as: `spur lab vmlinuz initrd.img --expect 'login:'`, boots: true},
		{line: `spur lab --firmware bios vmlinuz initrd.img --cmdline "console=ttyS0"`, until: `login:`, boots: true},
		{line: `spur lab vmlinuz initrd.img --screenshot screen.png`, ready: "screen.png", boots: true},
		{line: `spur lab First=vmlinuz,first.img Second=vmlinuz,second.img --menu pxe --firmware bios`, before: "cp initrd.img first.img; cp initrd.img second.img", until: `login:`, boots: true},
		{line: `spur lab vmlinuz tests.img --cmdline "console=ttyS0" --expect "ALL TESTS PASSED" --quiet`, boots: true},

		{line: `spur disk create disk.qcow2 10G`, before: "rm disk.qcow2"},
		{line: `spur disk create disk.img 512M --format raw`, before: "rm disk.img"},
		{line: `spur disk create mine.qcow2 --backing base.img`},
		{line: `spur disk info`, as: `spur disk info disk.qcow2`},
		{line: `spur disk info disk.qcow2`},
		{line: `spur disk info disk.qcow2 --json`},
		{line: `spur disk check`, as: `spur disk check disk.qcow2`},
		{line: `spur disk check disk.qcow2`},
		{line: `spur disk check disk.qcow2 --repair`},
		{line: `spur disk check --repair`, as: `spur disk check --repair disk.qcow2`},
		{line: `spur disk convert disk.img disk.qcow2`, before: "rm disk.qcow2"},
		{line: `spur disk convert overlay.qcow2 disk.img --format raw`, before: "rm disk.img"},
		{line: `spur disk convert https://images.example/disk.img disk.qcow2`, before: "rm disk.qcow2"},
		{line: `spur disk serve`, as: `spur disk serve disk.qcow2 --over nbd`, until: serving},
		{line: `spur disk serve --help all`},
		{line: `spur disk serve disk.qcow2 --over nbd`, until: serving},
		{line: `spur disk serve base.img --over nbd --overlay mine.qcow2`, until: serving},
		{line: `spur disk serve base.img --over nbd --overlay mine.qcow2 --listen 192.0.2.1:10809`, until: serving},
		{line: `spur disk serve disk.qcow2 --over iscsi`, until: serving},
		{line: `spur disk serve disk.qcow2 --over iscsi --listen 192.0.2.1:3260`, until: serving},
		{line: `spur disk serve disk.qcow2 data.img --over iscsi --listen 192.0.2.1:3260 --chap-user me --chap-password-file secret`, until: serving},
		{line: `spur disk serve disk.qcow2 --over aoe --interface eth1 --shelf 1 --slot 2`, until: serving},
		{line: `spur disk serve disk.qcow2 --over http --listen 192.0.2.1:8080`, until: serving},
		{line: `-drive file=iscsi://192.0.2.1/iqn.2026-11.io.github.spurboot:disk.qcow2/0,format=raw`, before: served("--over iscsi --listen 192.0.2.1:3260"),
			as: qemu(`-drive file=iscsi://192.0.2.1/iqn.2026-11.io.github.spurboot:disk.qcow2/0,format=raw`)},
		{line: `-drive file=iscsi://192.0.2.1/TARGET/0,format=raw`, before: served("--over iscsi --listen 192.0.2.1:3260 --name iqn.2026-11.com.example:target"),
			as: qemu(`-drive file=iscsi://192.0.2.1/iqn.2026-11.com.example:target/0,format=raw`)},
		{line: `-drive file=nbd://192.0.2.1/disk.qcow2,format=raw`, before: served("--over nbd --listen 192.0.2.1:10809"),
			as: qemu(`-drive file=nbd://192.0.2.1/disk.qcow2,format=raw`)},
		{line: `-drive file=http://192.0.2.1:8080/disk.qcow2,format=raw,if=virtio,readonly=on`, before: served("--over http --listen 192.0.2.1:8080"),
			as: qemu(`-drive file=http://192.0.2.1:8080/disk.qcow2,format=raw,if=virtio,readonly=on`)},
		{line: `sanboot iscsi:192.0.2.1::3260:0:iqn.2026-11.io.github.spurboot:disk.qcow2`, ipxe: true},
		{line: `sanboot iscsi:192.0.2.1::3260:0:TARGET`, as: `sanboot iscsi:192.0.2.1::3260:0:iqn.2026-11.io.github.spurboot:disk.qcow2`, ipxe: true},
		{line: `sanboot aoe:e1.2`, ipxe: true},
		{line: `sanboot http://192.0.2.1:8080/disk.qcow2`, ipxe: true},
		{line: `iscsiadm -m discovery -t st -p 192.0.2.1; iscsiadm -m node -l`, elsewhere: inGuest("iscsiadm -m discovery -t st -p ")},
		{line: `nbd-client 192.0.2.1 /dev/nbd0 -N disk.qcow2`, elsewhere: elsewhere{"needs the kernel's driver; a guest attaches by a program that does the same", "../disktest/nbdattach/main.go", "nbd-client"}},
		{line: `modprobe aoe aoe_iflist=eth0`, elsewhere: inGuest(`"aoe", "ext4"`)},
		{line: `modprobe aoe aoe_iflist=eth0; ls /dev/etherd`, elsewhere: inGuest(`"aoe", "ext4"`)},
		{line: `New-IscsiTargetPortal 192.0.2.1; Get-IscsiTarget | Connect-IscsiTarget`, elsewhere: elsewhere{why: "needs Windows"}},

		{line: `make build`, as: `make -n build`, plain: true},
		{line: `make demo`, elsewhere: elsewhere{"CI runs it", "../.ci/run", "make demo"}},
		{line: `make test`, elsewhere: elsewhere{"CI runs it", "../.ci/run", "make test"}},
		{line: `make lint`, as: `make -n lint`, plain: true},
		{line: `make fuzz`, as: `make -n fuzz`, plain: true},
		{line: `make bench`, as: `make -n bench`, plain: true},
		{line: `make soak`, as: `make -n soak`, plain: true},
		{line: `scripts/install demo`, plain: true},
		{line: `scripts/install test`, elsewhere: elsewhere{"make test begins with it", "../Makefile", "scripts/install test"}},
		{line: `sudo apt-get install ipxe systemd-boot-efi`, elsewhere: elsewhere{"installs on this host, which has it by this script", "../scripts/install", " ipxe "}},
		{line: `go test -race ./internal/dhcp`, elsewhere: elsewhere{"make test runs every package so", "../scripts/test", "go test -race"}},
		{line: `go test ./boottest -run TestAlreadyIPXE -v`, elsewhere: elsewhere{"make test runs it", "../boottest/cells_test.go", "func TestAlreadyIPXE("}},
		{line: `go test ./disktest -run TestGuest/nbd/raw -v`, elsewhere: elsewhere{"make test runs it", "../disktest/guest_test.go", "func TestGuest("}},
		{line: `go test ./internal/route -update`, as: `go test ./internal/route -run '^$' -update`, plain: true},
		{line: `go test ./internal/replay -update`, as: `go test ./internal/replay -run '^$' -update`, plain: true},
	}
}

// inGuest is where lines are run that need the drivers of a kernel.
func inGuest(text string) elsewhere {
	return elsewhere{"needs a driver of the kernel: a guest runs it", "../disktest/drivers_test.go", text}
}
