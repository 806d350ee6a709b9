package main

import "github.com/spurboot/spur/internal/lab"

// A chain is a way in which a machine boots, and who serves it.
type chain struct {
	way      string // the same for Spur and its peers
	server   string // "Spur", or "dnsmasq + nginx"
	firmware lab.Firmware
	hide     string   // a folder of the host that Spur must not see
	dnsmasq  []string // what tells dnsmasq of the boot, where Spur doesn't
}

// The names of those who serve.
const (
	spurServes  = "Spur"
	peersServe  = "dnsmasq + nginx"
	homeAddress = "10.77.0.1"
)

// The ways of UEFI machines.
const (
	httpWay = "HTTP Boot, one EFI application"
	ipxeWay = "PXE, iPXE, its script over HTTP"
	tftpWay = "PXE, one EFI application over TFTP"
)

// chains are all that are measured. dnsmasq tells the clients apart by their
// vendor and user classes, as its users have it do.
func chains() []chain {
	url := "http://" + homeAddress + "/"
	return []chain{
		{way: httpWay, server: spurServes, firmware: lab.UEFIHTTP},
		{way: httpWay, server: peersServe, firmware: lab.UEFIHTTP, dnsmasq: []string{
			"--dhcp-vendorclass=set:http,HTTPClient", "--dhcp-option-force=tag:http,60,HTTPClient", "--dhcp-boot=tag:http," + url + applicationFile,
		}},
		{way: ipxeWay, server: spurServes, firmware: lab.UEFI},
		{way: ipxeWay, server: peersServe, firmware: lab.UEFI, dnsmasq: []string{
			"--dhcp-userclass=set:ipxe,iPXE", "--dhcp-boot=tag:!ipxe," + loaderFile, "--dhcp-boot=tag:ipxe," + url + scriptFile,
		}},
		{way: tftpWay, server: spurServes, firmware: lab.UEFI, hide: "/usr/lib/ipxe"},
		{way: tftpWay, server: peersServe, firmware: lab.UEFI, dnsmasq: []string{"--dhcp-boot=" + applicationFile}},
	}
}
