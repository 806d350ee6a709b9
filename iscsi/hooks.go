package iscsi

import (
	"fmt"
	"net"
)

// Hooks tell what a server does. Each may be nil. They are called from the
// goroutines of the connections and hold those up while they run.
type Hooks struct {
	// LoginRefused: a login failed. err is a *LoginError where the initiator
	// was told why. initiator and target are what it called them, or empty.
	LoginRefused func(remote net.Addr, initiator, target string, err error)
	// SessionStart and SessionEnd: a session begins and ends. err is nil after
	// a logout, else what ended it.
	SessionStart func(s SessionInfo)
	SessionEnd   func(s SessionInfo, err error)
	// Command: a command was done with this SCSI status; in and out are bytes
	// to and from the initiator.
	Command func(s *SessionInfo, lun uint64, opcode byte, status byte, in, out int)
	// DeviceError: a device returned an error to a command.
	DeviceError func(s *SessionInfo, lun uint64, opcode byte, err error)
}

// SessionInfo tells who a session belongs to.
type SessionInfo struct {
	Initiator string
	CHAPName  string // what it proved itself with, or empty
	Target    string // empty in discovery sessions
	ISID      [6]byte
	TSIH      uint16
	Remote    net.Addr // of the first connection
}

// port is the name of the initiator's port (RFC 7143 section 4.2.7.2).
func (i SessionInfo) port() string { return fmt.Sprintf("%s,i,0x%x", i.Initiator, i.ISID) }
