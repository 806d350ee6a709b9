package dhcp6

import "encoding/hex"

// ClientKey is how a server tells clients apart: the DUID in hexadecimal.
func ClientKey(duid []byte) string { return hex.EncodeToString(duid) }
