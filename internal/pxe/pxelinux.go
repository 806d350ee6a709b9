package pxe

// SyslinuxOptions are the options by which PXELINUX is told where its files are (RFC
// 5071): in the folder prefix, which ends with a slash, with the configuration config
// there. It would find both by the boot file's name, but for a DHCP server of the
// network that sends these options for a PXELINUX of its own: of several packets the
// last one counts, which is that with the boot file (net_parse_dhcp in Syslinux'
// core/fs/pxe/bios.c and efi/pxe.c). The magic of option 208 is no longer asked for
// since version 3.55.
func SyslinuxOptions(prefix, config string) map[uint8][]byte {
	return map[uint8][]byte{optPXELINUXConfig: []byte(config), optPXELINUXPrefix: []byte(prefix)}
}
