// Package dhcp6 speaks DHCPv6 (RFC 8415) with machines that boot: it says what
// to boot beside another server, or gives addresses and says so.
//
// The pieces, in the order in which a packet meets them:
//
//   - [Look] finds the interfaces that can serve, and [Listener] hears ports 547
//     and 4011 on them. It shares port 547 with another server of this host.
//   - [Parse] decodes what firmware and relays really send.
//   - [Read] says what a request tells of its machine, and [Request.IsBoot]
//     whether it asks what to boot at all.
//   - [Server] gives addresses by RFC 8415 section 18.3, over [Leases], without
//     sockets. [Apply] adds what to boot to its replies.
//   - [Offer] is the reply where another server gives the addresses; [Proxied]
//     tells which messages have one.
//   - [Marshal] and [Destination] say what goes on the wire and where, through
//     relays too; [Listener.Send] does both.
//   - [Router] sends router advertisements, for a wire that has none.
//
// Everything but Listener, Look and Router is a function over values or a state
// machine over a clock value that the caller passes in.
//
// # What firmware does with an answer
//
// The rules below were read in the sources named; the captures under testdata
// keep what was seen.
//
// edk2 begins with DHCPv6 when a router advertisement has the flag M or O. Its
// IPv6 stack then has an exchange of its own, which must end with an address and
// says nothing of booting. The boot driver's follows, with another IAID, which
// is new at each attempt.
//
// edk2's PXE (NetworkPkg/UefiPxeBcDxe/PxeBcDhcp6.c) boots from a reply with an
// address and option 59, tftp://[address]/name. Option 60 it takes for the size
// of the boot file, and one that isn't that ends the boot. An advertisement
// without an address (IA_NA) is a proxy's, and counts if it has option 16 with
// enterprise 343 and PXEClient: edk2 takes its address from the other server, and
// then sends the REQUEST once more, without IA_NA, to port 4011 of the address in
// option 59 (PxeBcRetryDhcp6Binl), from port 4011. The reply must come from
// there and have option 59, and not come before edk2 listens, which it does only
// when it has sent its request (PxeBcRequestBootService). PXEClient in a reply with
// an address has the same effect, and is left out.
//
// edk2's HTTP Boot (NetworkPkg/HttpBootDxe/HttpBootDhcp6.c) takes a URL only from
// a reply that has option 16 with enterprise 343 and HTTPClient. A proxy's
// advertisement is enough: it boots from that and asks no more. A URL that names
// its host needs option 23 of one of the servers.
//
// Both collect advertisements for four seconds, unless one has preference 255,
// which a proxy's must not have: edk2 would look no further
// (NetworkPkg/Dhcp6Dxe/Dhcp6Io.c, Dhcp6HandleAdvertiseMsg).
//
// iPXE (src/net/udp/dhcpv6.c) and U-Boot (net/dhcpv6.c) know no proxy. They take
// the first advertisement with an address that they can use, and its server's
// boot file. So beside another server iPXE can be told what to boot only where
// the router advertisements say O and not M: it then asks for information, and
// takes the first reply. A boot file that it has by DHCPv4 as well goes first: the
// settings of all that is IPv6 have a negative order (src/include/ipxe/ipv6.h).
// U-Boot reads the options of an IA_NA as if each had the code of the first, so an
// address comes alone there.
package dhcp6
