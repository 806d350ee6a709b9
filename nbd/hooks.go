package nbd

import "time"

// Hooks tell what a server does. Each may be nil and then costs nothing. They
// are called from the connection's goroutines, several at once, and hold up
// what they report on.
type Hooks struct {
	// Refused: a connection ended before it had an export. err says why.
	Refused func(peer *Peer, err error)
	// Open: a client has chosen an export.
	Open func(s *Session)
	// Command: a command was carried out or refused.
	Command func(s *Session, c Command)
	// Close: the connection is over. err is nil when the client said goodbye
	// or the server was told to stop.
	Close func(s *Session, err error)
}

// A Session is one connection with an export.
type Session struct {
	Peer   *Peer
	Export *Export
	// ReplyMode is "simple", "structured" or "extended".
	ReplyMode string
}

// A Command is one request of a client.
type Command struct {
	Name           string // "read", "write", "flush", …
	Offset, Length uint64 // bytes
	// Duration is the time that the device took.
	Duration time.Duration
	// Number is the protocol's error number that was replied, 0 for success,
	// and Err the device's error, if it was the device's.
	Number uint32
	Err    error
}

func (m mode) String() string {
	return [...]string{"simple", "structured", "extended"}[m]
}
