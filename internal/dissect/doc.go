// Package dissect says in words what is in a packet: the names and values of the
// options and sub-options of DHCP, DHCPv6 and TFTP, with what firmware that boots
// over the network puts there and reads there.
//
// It looks at bytes and not at what a codec made of them, so that what is wrong
// with a packet is said too: an option that the end of the packet cuts off, a
// missing END, options that go on in the fields file and sname. Every function
// takes any bytes; what comes out is bounded, and fit for a terminal.
//
// The names are those of the registries (IANA's "BOOTP Vendor Extensions and DHCP
// Options" and "DHCPv6 Option Codes"), of the PXE specification 2.1 for option 43,
// of iPXE (src/include/ipxe/dhcp.h, features.h) for option 175, and of Apple's
// bsdpd for BSDP.
package dissect
