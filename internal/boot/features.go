package boot

// Names are the features in words, for people and for JSON.
func (f Features) Names() []string {
	var all []string
	for _, known := range []struct {
		feature Features
		name    string
	}{
		{CanHTTP, "HTTP"}, {CanHTTPS, "HTTPS"}, {CanTFTP, "TFTP"}, {CanISCSI, "iSCSI"}, {CanAOE, "AoE"}, {CanMenu, "menus"},
		{CanBzImage, "Linux kernels"}, {CanEFI, "EFI applications"}, {CanShim, "shim"}, {CanAfterHTTPBoot, "network after HTTP Boot"}, {CanProxyDHCP, "proxy DHCP"}, {CanUnderIPXE, "iPXE in a ROM"}, {CanMultiboot, "multiboot"}, {CanMultiboot2, "multiboot2"}, {CanMemdisk, "memdisk"},
	} {
		if f.Has(known.feature) {
			all = append(all, known.name)
		}
	}
	return all
}
