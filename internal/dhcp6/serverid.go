package dhcp6

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// ServerID makes a server's identifier of a key that is kept: after a restart
// it is the same, and clients can renew what they were given. It is a DUID-UUID
// (RFC 6355) with a UUID of version 8 (RFC 9562 section 5.8), and tells nothing
// of the key.
func ServerID(key []byte) dhcpv6.DUID {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("DHCPv6 server identifier"))
	u := [16]byte(mac.Sum(nil))
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return &dhcpv6.DUIDUUID{UUID: u}
}
