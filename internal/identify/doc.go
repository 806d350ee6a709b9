// Package identify says who asks. A request by DHCP, DHCPv6 or BSDP becomes a
// boot.Client (Client, Client6), and the event that it is in the machine's story (Event,
// Event6); for a client it writes the request that such a one would send (Request,
// Request6, MacRequest).
package identify
