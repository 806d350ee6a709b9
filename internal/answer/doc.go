// Package answer answers requests by DHCP, DHCPv6 and BSDP: it has decide.Decider say
// what a machine boots, encodes the decision for the protocol (BootOf, NetBootOf), and
// tells the timeline of it. Requests come to Offers4 and Offers6, from a listener or out
// of a record, and replies leave by their Send: no socket is opened here.
package answer
