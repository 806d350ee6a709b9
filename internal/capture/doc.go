// Package capture finds boots in a capture of packets, as tcpdump and Wireshark
// write them: the DHCP and DHCPv6 messages of each machine, what it fetched over
// TFTP and HTTP and how that went, and what of ARP, ICMP and router advertisements
// has a part in it. It says what passed, not what that means.
//
// A capture is read once, packet by packet. What is kept of it is bounded, whatever
// is in it; payload of files is counted and not kept.
package capture
