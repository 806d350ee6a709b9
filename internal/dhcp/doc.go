// Package dhcp gives addresses and carries boot offers: the part of Spur that
// speaks DHCPv4 (RFC 2131) on the wire, beside or instead of another server.
//
// The pieces, in the order in which a packet meets them:
//
//   - [Listener] receives with packet sockets (AF_PACKET), so it hears every
//     request on the chosen interfaces even when dnsmasq or Kea already holds
//     port 67 of this host, and knows exactly on which wire it came.
//   - [Watcher] follows the interfaces while the server runs: they come, go and
//     change their addresses, and [Listener.Set] follows.
//   - [Parse] decodes what firmware really sends: the codec of
//     insomniacslk/dhcp wants an END option and knows no option overload.
//   - [Server] decides: it is RFC 2131 section 4.3 over [Leases], without
//     sockets. A server that only says what to boot (proxyDHCP) doesn't use
//     it, and answers with package pxe instead.
//     Relays choose the network (RFC 3527, RFC 3011) and may stand in for us (RFC
//     5107).
//   - [Destination] says where a reply goes (RFC 2131 section 4.1), and
//     [Listener.Send] writes it: as an Ethernet frame to clients that have no
//     address yet, through a raw IPv4 socket to relays and renewing clients.
//   - [Probe] is a client that looks for other servers, so that two of them
//     never fight over one wire by accident.
//
// Everything but Listener, Watcher and Probe is a function over values or a state
// machine over a clock value that the caller passes in.
package dhcp
