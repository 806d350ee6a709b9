// Package bsdp is Apple's Boot Server Discovery Protocol, by which Macs boot over
// the network (NetBoot 2.0). It has no sockets: a message goes in, a message comes
// out.
//
// BSDP is DHCP with a class of its own, beside whichever server gives addresses:
//
//  1. A Mac that has an address broadcasts an INFORM[LIST]. Each boot server answers
//     with an ACK[LIST]: the images that it has for this Mac, and the one to boot
//     where nobody chooses.
//  2. The Mac chooses a server and an image, and broadcasts an INFORM[SELECT]. That
//     server answers with an ACK[SELECT]: the booter's TFTP path, and in option 17
//     the root image. The other servers forget what it chose from them before.
//  3. A Mac that has chosen is offered its image in answer to its next DISCOVER, so
//     that it need not look for servers again.
//
// [Read] turns a request into a [Request], [Image.For] says which images are for it,
// and [List], [Select], [Failed] and [Offer] write the answers. [Parse] and
// [ParseImages] read what a server answers.
//
// # Sources
//
// The rules are those of Apple's own server and client, whose sources are public:
// bootp/bootpd.tproj/bsdpd.c (is_bsdp_packet, bsdp_request, S_insert_image_list,
// X_netboot, make_bsdp_failed_reply), bootp/bootplib/bsdp.h, nbimages.c and
// dhcp_options.c, and bootp/BSDPClient/BSDPClient.c. The golden packets under
// testdata are built from them, byte by byte; no Mac's firmware can be emulated.
// What is reported of firmware comes from bsdpy, which has served Macs for years,
// and from configurations of ISC's DHCP server.
//
// # What Macs do with an answer
//
// All that matters is in one ACK of at most 1,500 bytes, unicast to the address that
// the Mac has, at port 68 or at the privileged port that it asks for: Startup Disk
// of a running system does (bsdpy's README), since port 68 is taken there.
//
// An option holds 255 bytes. bsdpd writes several options 43, each of whole
// sub-options, and Apple's client parses each by itself (dhcpol_parse_vendor), while
// a reader of RFC 3396 joins them first. Here all but the last are filled up with
// pads, so that both read the same.
//
// The server's name (sname) is its address in dotted form: firmware asks TFTP by
// sname (bsdpy), and needs no name server then.
//
// Option 17 is sent though no Mac asks for it: the firmware keeps the ACK, and the
// kernel looks there for its root (netboot_info_init in xnu's bsd/kern/netboot.c).
package bsdp
