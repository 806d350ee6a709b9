// Package pxe reads what a machine that boots over the network says about
// itself in DHCP, and writes the answer that tells it what to boot. It has no
// sockets: a message goes in, a message comes out.
//
// [Read] turns a request into a [Request]: PXE (PXE 2.1, RFC 4578), UEFI HTTP
// Boot (UEFI 2.10 section 24.7) and iPXE's own option 175.
//
// There are three ways to answer, and each firmware wants its own details:
//
//   - [Offer] is a proxy offer (PXE 2.1 section 2.2.3): what to boot, without
//     an address, beside the DHCP server that gives one.
//   - [Answer] is the reply on port 4011, where UEFI ROMs ask again after a
//     proxy offer.
//   - [Apply] adds what to boot to the OFFER or ACK of a DHCP server of ours.
//
// # What firmware does with an answer
//
// The rules below were read in the sources named, and the golden packets under
// testdata keep them.
//
// Option 43 and UEFI. edk2 (NetworkPkg/UefiPxeBcDxe/PxeBcDhcp4.c,
// PxeBcParseDhcp4Packet) sorts offers with option 60 PXEClient by option 43:
// with one of the discovery sub-options (6 to 10) it is "PXE 1.0", without it
// is "BINL". Of a BINL proxy offer edk2 takes only the server's address (siaddr,
// else option 54) and asks it for the boot file on port 4011
// (PxeBcRetryBinlOffer), from port 4011 and from its new address. From a PXE 1.0
// proxy offer today's edk2 boots at once; that of before 2017, which lives on in
// shipped machines, drops the first one (PxeBcCacheDhcp4Offer tests OfferCount
// > 0 where it means < 1; Bugzilla 469, seen on Dell T130 and T430) and gives
// up. Without option 43 both boot, so a UEFI machine gets none; dnsmasq does
// the same. [Shape] has the other ways, for a ROM that never comes to port
// 4011. OVMF 2022.11 was seen to boot either way.
//
// Option 43 and BIOS. Intel's ROM code, from which BIOS ROMs descend, starts
// discovering boot servers or shows a menu unless PXE_DISCOVERY_CONTROL has bit
// 3 set: "use the boot file of this offer" (PXE 2.1 table 2-1). So a BIOS
// machine gets 43 = 06 01 08 ff.
//
// A menu in option 43 is shown by all three: BIOS ROMs, edk2 and iPXE, which ask
// for the item that was chosen on port 4011, or, where the menu names no server of
// its type, by multicast and broadcast. iPXE shows one that is anywhere in what it
// was told, unless there is a boot file, and the discovery control of the highest
// priority has bit 3 (src/usr/autoboot.c, have_pxe_menu): so one that a ROM's menu
// led to is told that ([Boot.Chosen]). A request for credentials (Boot Integrity
// Services, BIS) gets no answer, for we have none: a boot file in the place of
// them would be taken for a forged proof.
//
// iPXE takes the boot file of a proxy offer at once if there is one
// (src/net/udp/dhcp.c, dhcp_has_pxeopts); it needs no option 43. But it looks
// for next-server and filename in all that it was told, and the DHCP server's
// come before the proxy's unless the proxy's have a higher priority, 175.1
// (src/core/settings.c, reprioritise_settings): with it, a boot file that was
// left over in somebody's DHCP server does no harm. In the reply of a DHCP
// server iPXE obeys 175.176 (no-pxedhcp): without it, it waits for proxy offers
// first.
//
// Option 60 in the reply of a DHCP server turns edk2's "DHCP only" offer with a
// boot file, which it boots, into "BINL", about which it asks port 4011 once
// more. So PXE machines don't get it from our DHCP server, like from any other;
// HTTPClient machines do, because edk2 takes no URI without it
// (NetworkPkg/HttpBootDxe/HttpBootDhcp4.c, HttpBootParseDhcp4Packet). There a
// URI that names its host by address works always, one with a name only if an
// offer has option 6.
//
// The boot file's name goes into the field file and into option 67, the server
// into siaddr, sname and option 66, because ROMs exist that read only one of
// each. edk2 writes a NUL behind option 67 if it has none at its end, over the
// code of the next option. Microsoft's DHCP server ends it with NUL, ISC's and
// Kea don't, and ROMs that take the NUL as part of the name ask TFTP for a mode
// of "". So the option's value has no NUL, and the writer (internal/dhcp,
// Marshal) puts a PAD option (0) behind it: those that go by length and those
// that go by NUL read the same name.
//
// Raspberry Pi's bootloader, which calls itself a BIOS, takes a reply by option 43
// alone, which must have a menu with a certain item (raspberrypi.go). It names no
// boot file to it: it fetches by names of its own, at the TFTP server's root. The ROM
// of a 3B takes the address of an OFFER without a REQUEST, and looks at hops, which
// must be what they were without a relay (its documentation, "Known problems").
//
// U-Boot (net/bootp.c) takes the first offer that has an address, and neither waits
// for a proxy's nor asks again: what it boots, only the server that gives its address
// can say. It asks twice: as U-Boot, for a script or before it looks for PXELINUX's
// configuration, and as PXEClient, for an EFI application.
//
// Option 97 is echoed if it was sent (PXE 2.1 section 2.2.3); 93 and 94 are
// the client's only. Option 17 is sent unasked: Darwin's booter doesn't ask.
package pxe
