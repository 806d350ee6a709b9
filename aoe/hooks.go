package aoe

import "time"

// Hooks tell what a server does. Each may be nil and then costs nothing. They
// are called from the goroutines of the server and hold up what they report on.
type Hooks struct {
	// Command: an ATA command was carried out or failed.
	Command func(t *Target, from MAC, c Command)
	// Refused: a request was not carried out, because of an error of the
	// protocol, the mask list or a reservation. why says which.
	Refused func(t *Target, from MAC, why string)
}

// A Command is one ATA command.
type Command struct {
	Name    string // "read", "write", "flush", "trim", …
	Code    uint8  // of ATA
	LBA     uint64
	Sectors int // of 512 bytes
	// Duration is the device's. Commands that were done as one have the same.
	Duration time.Duration
	Failed   bool
	Err      error // the device's, if it was the device's
}
