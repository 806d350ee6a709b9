package iscsi

import "github.com/spurboot/spur/block/share"

// Shares are what initiators may take of all servers that have the same ones, such as one
// for each address of a host.
type Shares struct {
	bounds Bounds
	memory *share.Memory
	places share.Places   // of sessions
	logins share.HalfOpen // under way
}

// NewShares makes some within bounds.
func NewShares(b Bounds) *Shares {
	b = b.withDefaults()
	return &Shares{bounds: b, memory: share.NewMemory(b.TotalMemory),
		places: share.Places{Total: b.Sessions, PerPeer: b.PeerSessions}, logins: share.HalfOpen{Most: b.Logins}}
}
