package iscsi

import (
	"cmp"
	"time"

	"github.com/spurboot/spur/block/share"
)

// Bounds limit what initiators can take. A zero field means the default.
type Bounds struct {
	// Sessions with a target at once, at most 32768 (4096). One more ends the newest of the
	// address that has most of them, if that has more, or is refused.
	Sessions int
	// PeerSessions are those of one address (half of Sessions).
	PeerSessions int
	// Logins and discoveries under way at once (256). A new one beyond it ends the oldest of
	// the address that has most of them.
	Logins int
	// LoginTime is how long a login may take (15 s).
	LoginTime time.Duration
	// Connections of one session (4).
	Connections int
	// QueueDepth is how many commands of a session may be under way (64).
	QueueDepth int
	// MaxTransfer is the most bytes of one command, at most and by default
	// 16 MiB. Initiators are told.
	MaxTransfer int
	// WriteMemory is how many bytes of solicited data a session may hold
	// (16 MiB).
	WriteMemory int
	// TotalMemory is how many bytes the commands and answers of all sessions
	// hold, beside 64 KiB each (256 MiB), at least four times MaxTransfer. The
	// sessions of one address hold as much of it as they leave for others.
	TotalMemory int
	// DataTime is how long the data of a write may take to come, for each burst
	// that it is asked for (1 min).
	DataTime time.Duration
	// PingAfter is the silence after which an initiator is asked whether it
	// is there (20 s), PingTime how long it may take to answer (20 s).
	PingAfter, PingTime time.Duration
	// SendTime is how long an initiator may take to accept what is sent to
	// it (30 s).
	SendTime time.Duration
	// Grace is how long sessions may take to log out at shutdown (2 s).
	Grace time.Duration
}

func (b Bounds) withDefaults() Bounds {
	b.Sessions = min(cmp.Or(b.Sessions, 4096), 32768) // each has a TSIH of 16 bits
	b.PeerSessions = cmp.Or(b.PeerSessions, share.Half(b.Sessions))
	b.Logins = cmp.Or(b.Logins, 256)
	b.Connections = cmp.Or(b.Connections, 4)
	b.QueueDepth = cmp.Or(b.QueueDepth, 64)
	b.MaxTransfer = min(cmp.Or(b.MaxTransfer, 16<<20), 16<<20)
	b.WriteMemory = cmp.Or(b.WriteMemory, 16<<20)
	b.TotalMemory = max(cmp.Or(b.TotalMemory, 256<<20), 4*b.MaxTransfer, 4<<20)
	b.DataTime = cmp.Or(b.DataTime, time.Minute)
	b.LoginTime = cmp.Or(b.LoginTime, 15*time.Second)
	b.PingAfter = cmp.Or(b.PingAfter, 20*time.Second)
	b.PingTime = cmp.Or(b.PingTime, 20*time.Second)
	b.SendTime = cmp.Or(b.SendTime, 30*time.Second)
	b.Grace = cmp.Or(b.Grace, 2*time.Second)
	return b
}

// params are what we offer in negotiations.
func (b Bounds) params() params {
	return params{
		headerDigest: true, dataDigest: true,
		maxConnections: b.Connections, initialR2T: false, immediateData: true,
		recvSegment: 256 << 10, maxBurst: 1 << 20, firstBurst: 128 << 10,
		maxOutstandingR2T: 4, time2Wait: 0, time2Retain: 0,
	}
}
