package record

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// kept are the words that stay in names of files, classes and errors: those of
// protocols and firmware, the names of well-known loaders and of the files that they
// look for, and what operating systems say of failures. They are in small letters;
// words that stand together with a point or a dash stay if each of them is here.
var kept = words(`
	pxe pxeclient httpclient pxelinux ipxe gpxe etherboot aapl aaplbsdpc bsdp netboot netboot001 arch undi u boot raspberry pi rpi grub grub2 elilo spur
	i386 i486 i586 i686 x86 x64 x86_64 amd64 ia32 ia64 arm arm64 aarch64 armv7 armv8 aa64 riscv64 rv64 loong64 loongarch64 ppc bios efi uefi pc pcbios
	arm64-efi i386-efi i386-pc x86_64-efi riscv64-efi loongarch64-efi bcm283x bcm2708 bcm2709 bcm2710 bcm2711 bcm2712
	imac4 imac5 imac6 macbook1 macbook2 macbookpro1 macbookpro2 macmini1 macmini2 macpro1 macpro2 xserve1
	linux udhcp udhcpc dhcpcd dhclient systemd networkd anaconda ipconfig busybox msft windows darwin freebsd
	discover offer request ack nak inform decline release solicit advertise reply renew rebind confirm information dhcp dhcpv4 dhcpv6 bootp tftp http https ftp nfs nbd iscsi aoe afp smb tcp udp ip ipv4 ipv6 tls ssl dns arp
	linuxx64.efi.stub linuxaa64.efi.stub linuxia32.efi.stub linuxriscv64.efi.stub linuxloongarch64.efi.stub linuxarm.efi.stub undionly snponly snp shim shimx64 shimaa64 shimia32 grubx64 grubaa64 grubia32 grubnetx64 grubnetaa64 grubnetia32 bootnetx64 bootx64 bootaa64 bootia32 bootriscv64 bootloongarch64 mmx64 mmaa64 mmia32 mokmanager lpxelinux gpxelinux syslinux syslinux32 syslinux64 isolinux ldlinux libcom32 libutil mboot memdisk wimboot menu vesamenu chain core kernel kernel7 kernel7l kernel8 kernel_2712 initrd initrd8 initramfs vmlinuz vmlinux image bzimage rootfs
	start start4 start4x start4cd start4db start_x start_cd start_db startx startcd startdb fixup fixup4 fixup4x fixup4cd fixup4db fixup_x fixup_cd fixup_db bootcode bootsig cmdline config autoboot recovery pieeprom vl805 overlays overlay_map bcm2710-rpi-3-b bcm2710-rpi-3-b-plus bcm2711-rpi-4-b bcm2711-rpi-400 bcm2711-rpi-cm4 bcm2712-rpi-5-b bcm2712-rpi-500 bcm2712-rpi-cm5 bcm2712d0-rpi-5-b bcm2837-rpi-3-b
	bootmgfw bootmgr wdsnbp wdsmgfw bcd sdi wim nbimageinfo mach_kernel kernelcache revocations revocations_sbat revocations_sku default autoexec script command list lst uki memtest netbsd loader stage2 normal debian debian-installer
	img cfg conf txt dtb dtbo bin elf dat c32 e32 e64 kpxe kkpxe lkrn scr uimg com n12 plist nbi mod sys gz xz zst cpio iso squashfs sig
	choose what press f8 local first item
	lookup no such host not found file or directory permission denied connection refused reset by peer broken pipe i o timeout timed out network is unreachable route to down up unexpected eof deadline exceeded context canceled closed use of get head put post read write open dial server client gave misbehaving status error failed failure code opcode unknown access violation disk full illegal operation transfer id already exists user option negotiation bad forbidden unauthorized gateway service unavailable internal method allowed moved handshake certificate signed authority expired remote protocol version during the a an in on at for from with and was were has had have been be it its this that as bytes blocks block after before of one more than size limit too many large long short packet packets answer answers asked no-one received nothing more stopped while silent because running transfers address port became shorter another machine gone way
`)

// extensions are the ends of names of files that stay, whatever the name.
var extensions = words(".efi .img .cfg .conf .txt .dtb .dtbo .bin .elf .dat .c32 .e32 .e64 .0 .kpxe .pxe .lkrn .ipxe .scr .uimg .lst .com .n12 .plist .nbi .mod .sys .gz .xz .zst .cpio .iso .squashfs .wim .sdi .sig")

func words(text string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(text) {
		all[w] = true
	}
	return all
}

var (
	// userinfo is what stands before the host in a URL.
	userinfo = regexp.MustCompile(`://[^/\s"]*@`)
	// netClass is what a PXE or HTTP client says of itself first (option 60).
	netClass = regexp.MustCompile(`\b(?:PXE|HTTP)Client:Arch:[0-9A-Fa-f]{5}(?::UNDI:[0-9]{6})?\b`)
	// chunk is an address with all its separators, a name, or a word.
	chunk = regexp.MustCompile(`[A-Za-z0-9_.:+\x{80}-\x{10FFFF}-]+`)
	// identity is a UUID or a hardware address, which may follow its type as in the
	// names that PXELINUX asks for: groups 1, 3 and 2.
	identity = regexp.MustCompile(`(?i)(?:^|[^0-9a-f])(?:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})|(01[:-])?([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{12}))(?:$|[^0-9a-f])`)
	number   = regexp.MustCompile(`^[0-9]{1,5}$`)
	digits   = regexp.MustCompile(`^[0-9A-F]{1,8}$`)
	serial   = regexp.MustCompile(`^[0-9a-f]{8}$`)
)

// text is what replaces names of files, classes, URLs and errors: addresses become
// those that stand for them, the words in kept stay, and so do short numbers and
// punctuation. Any other word becomes one of the same length.
func (a *anonymizer) text(s string) string {
	s = userinfo.ReplaceAllString(strings.Map(printed, s), "://")
	var out strings.Builder
	at := 0
	for _, found := range netClass.FindAllStringIndex(s, -1) {
		a.chunks(&out, s[at:found[0]])
		out.WriteString(s[found[0]:found[1]])
		at = found[1]
	}
	a.chunks(&out, s[at:])
	return out.String()
}

// printed leaves no bytes that are no text; a NUL may end one.
func printed(r rune) rune {
	if r != 0 && r != '\n' && r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}

func (a *anonymizer) chunks(out *strings.Builder, s string) {
	at := 0
	for _, found := range chunk.FindAllStringIndex(s, -1) {
		out.WriteString(s[at:found[0]])
		c := s[found[0]:found[1]]
		if digits.MatchString(c) && strings.HasSuffix(strings.ToLower(s[:found[0]]), "pxelinux.cfg/") {
			out.WriteString(a.hexadecimal(c))
		} else {
			out.WriteString(a.chunk(c))
		}
		at = found[1]
	}
	out.WriteString(s[at:])
}

// chunk replaces an address with its port, or the words between colons.
func (a *anonymizer) chunk(s string) string {
	if to, ok := a.written(s); ok {
		return to
	}
	if bare := strings.TrimRight(s, ".:"); bare != s {
		return a.chunk(bare) + s[len(bare):]
	}
	if at := identity.FindStringSubmatchIndex(s); at != nil {
		from, to := max(at[2], at[6]), max(at[3], at[7])
		before, kind := s[:from], ""
		if at[4] >= 0 {
			before, kind = s[:at[4]], s[at[4]:from]
		}
		return a.chunk(before) + kind + a.identity(s[from:to]) + a.chunk(s[to:])
	}
	parts := strings.Split(s, ":")
	for i, p := range parts {
		if to, ok := a.written(p); ok {
			parts[i] = to
		} else {
			parts[i] = a.word(p, len(parts) <= 2) // between more colons, a number may be of an address
		}
	}
	return strings.Join(parts, ":")
}

// written replaces an IP address, which may have a port.
func (a *anonymizer) written(s string) (string, bool) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return a.address(addr), true
	}
	if at, err := netip.ParseAddrPort(s); err == nil {
		return a.address(at.Addr()) + ":" + strconv.Itoa(int(at.Port())), true
	}
	return "", false
}

func (a *anonymizer) address(addr netip.Addr) string {
	if addr.Is4() && addr.As4()[0] == 255 {
		return addr.String()
	}
	return a.ip(addr).String()
}

// identity replaces a UUID or a hardware address, and writes it as it was.
func (a *anonymizer) identity(s string) string {
	bare := strings.NewReplacer(":", "", "-", "").Replace(s)
	v, _ := hex.DecodeString(bare)
	if len(v) == 6 {
		m := a.mac(boot.MAC(v))
		if len(s) == len(bare) {
			return hex.EncodeToString(m[:])
		}
		return strings.ReplaceAll(m.String(), ":", s[2:3])
	}
	if len(s) == len(bare) {
		return hex.EncodeToString(replacedUUID(v))
	}
	for _, known := range a.uuids {
		if strings.EqualFold(boot.UUID(known).String(), s) {
			return boot.UUID(replacedUUID(known)).String()
		}
	}
	return boot.UUID(replacedUUID(v)).String()
}

// word replaces a word or a name that is no address.
func (a *anonymizer) word(s string, numbers bool) string {
	if s == "" || numbers && number.MatchString(s) || isKept(s) {
		return s
	}
	if end := path.Ext(s); end != s && extensions[strings.ToLower(end)] {
		return a.word(strings.TrimSuffix(s, end), false) + end
	}
	if name, rest, ok := strings.Cut(s, "-"); ok && strings.EqualFold(name, "grub.cfg") && digits.MatchString(rest) {
		return name + "-" + a.hexadecimal(rest)
	}
	if digits.MatchString(s) && strings.ContainsAny(s, "ABCDEF") {
		return a.hexadecimal(s)
	}
	return a.standIn(s)
}

// isKept tells whether a word stays, or all words of a name do.
func isKept(s string) bool {
	s = strings.ToLower(s)
	if kept[s] {
		return true
	}
	if end := path.Ext(s); end != "" && extensions[end] && kept[strings.TrimSuffix(s, end)] {
		return true
	}
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(".-_+", r) }) {
		if !kept[part] {
			return false
		}
	}
	return true
}

// hexadecimal replaces an IPv4 address as PXELINUX and GRUB write it, whole or the
// beginning of one.
func (a *anonymizer) hexadecimal(s string) string {
	if v, err := hex.DecodeString(s); err == nil && len(v) == 4 {
		to := a.ip(netip.AddrFrom4([4]byte(v))).As4()
		return strings.ToUpper(hex.EncodeToString(to[:]))
	}
	for _, from := range a.order {
		if !from.Is4() {
			continue
		}
		x, y := from.As4(), a.ips[from].As4()
		if strings.HasPrefix(strings.ToUpper(hex.EncodeToString(x[:])), s) {
			return strings.ToUpper(hex.EncodeToString(y[:]))[:len(s)]
		}
	}
	return "0A4D0000"[:len(s)]
}

// standIn is what stands for a word, always the same, and as long: what counts
// lengths stays right. Eight digits, as in the folder of a Raspberry Pi, stay such.
func (a *anonymizer) standIn(s string) string {
	n, known := a.words[s]
	if !known {
		n = len(a.words) + 1
		a.words[s] = n
	}
	if serial.MatchString(s) {
		return fmt.Sprintf("%08x", n)
	}
	to := strconv.FormatInt(int64(n), 36)
	if len(to) >= len(s) {
		return to[len(to)-len(s):]
	}
	return strings.Repeat("x", len(s)-len(to)) + to
}
