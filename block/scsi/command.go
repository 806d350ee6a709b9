package scsi

import (
	"context"
	"encoding/binary"
)

// Command is one command of an initiator. The transport fills in the fields of
// its first half, and finds what came of it in the second when Nexus.Execute
// returns.
type Command struct {
	CDB [16]byte
	// Expected is how many bytes the initiator expects to transfer, Reads and
	// Writes in which direction.
	Expected      int
	Reads, Writes bool
	// Out is the data from the initiator, of which Nexus.DataOut tells the length.
	Out []byte
	// Transport has memory for data, and takes those for the initiator.
	Transport Transport

	Status Status
	// Length is how many bytes the command would transfer, whatever the initiator
	// expects.
	Length int
	// Failure is an error of the device, which ended the command.
	Failure error

	ctx      context.Context
	nexus    *Nexus
	unit     *Unit
	table    *operations
	sense    [32]byte
	senseLen int
}

// Transport is what Execute needs of the transport while it carries out a command.
// Its memory is for this command, until it is answered.
type Transport interface {
	// Space returns memory for the next n bytes for the initiator. It may wait.
	Space(n int) ([]byte, error)
	// Send takes what was put into the memory that Space has returned last.
	Send() error
	// Scratch returns n bytes of any content for the command's own use, nil if
	// they aren't to be had. They take the place of those that it returned before.
	Scratch(n int) []byte
}

// Sense is the sense data of a command that ended with CheckCondition.
func (c *Command) Sense() []byte { return c.sense[:c.senseLen] }

// room is how many bytes the initiator expects from the target.
func (c *Command) room() int {
	if !c.Reads {
		return 0
	}
	return c.Expected
}

// takesWrongly says whether a command that takes data was announced as one that
// gives them.
func (c *Command) takesWrongly(op *operation) bool {
	return c.Expected > 0 && !c.Writes && op.needs != nil && op.needs(c) > 0
}

// givesWrongly is the reverse, for a command that has data to give. It ends well,
// as libiscsi's suite wants it (Read10Invalid), and loses nothing: Length says that
// nothing of what was announced was taken.
func (c *Command) givesWrongly() bool { return c.Expected > 0 && !c.Reads }

// parameters returns a parameter list that must be whole.
func (c *Command) parameters(n int) ([]byte, error) {
	c.Length = n
	if len(c.Out) < n {
		return nil, fails(senseParameterLength)
	}
	return c.Out[:n], nil
}

// exactly returns data of which the initiator must send n bytes, no more and
// no less: a command that compares or repeats its data can't do with a part.
func (c *Command) exactly(n int) ([]byte, error) {
	c.Length = n
	if c.Expected != n || len(c.Out) != n {
		return nil, invalidCDB(c.countField())
	}
	return c.Out, nil
}

// give sends parameter data as far as the allocation length and the initiator
// let it.
func (c *Command) give(p []byte, allocation int) error {
	p = p[:min(len(p), allocation)]
	if c.givesWrongly() {
		return nil
	}
	c.Length = len(p)
	p = p[:min(len(p), c.room())]
	if len(p) == 0 {
		return nil
	}
	space, err := c.Transport.Space(len(p))
	if err != nil {
		return err
	}
	copy(space, p)
	return c.Transport.Send()
}

// Fields of command descriptor blocks.
func (c *Command) u16(at int) int    { return int(binary.BigEndian.Uint16(c.CDB[at:])) }
func (c *Command) u24(at int) int    { return int(c.CDB[at])<<16 | c.u16(at+1) }
func (c *Command) u32(at int) uint64 { return uint64(binary.BigEndian.Uint32(c.CDB[at:])) }

// address16 is the address in a CDB of 16 bytes.
func (c *Command) address16() uint64 { return binary.BigEndian.Uint64(c.CDB[2:]) }

// fua says whether the command is to reach the medium. The 6-byte ones have no
// such bit.
func (c *Command) fua() bool { return c.CDB[0]>>5 != 0 && c.CDB[1]&0x08 != 0 }

// addressed returns the blocks that the command is about, by the length of its
// CDB (SPC-4 section 4.2.2).
func (c *Command) addressed() (lba, count uint64) {
	switch c.CDB[0] >> 5 {
	case 0:
		lba, count = uint64(c.u24(1))&0x1fffff, uint64(c.CDB[4])
		if count == 0 {
			count = 256 // SBC-3 sections 5.10 and 5.31
		}
		return lba, count
	case 1, 2:
		return c.u32(2), uint64(c.u16(7))
	case 5:
		return c.u32(2), c.u32(6)
	default:
		return c.address16(), c.u32(10)
	}
}

// countField is where a CDB has its transfer length.
func (c *Command) countField() int {
	switch c.CDB[0] >> 5 {
	case 0:
		return 4
	case 1, 2:
		return 7
	case 5:
		return 6
	}
	return 10
}

// protection refuses protection information, which no unit has
// (SBC-3 section 4.22).
func (c *Command) protection() error {
	if c.CDB[0]>>5 != 0 && c.CDB[1]&0xe0 != 0 {
		return invalidCDB(1)
	}
	return nil
}

// blocks checks the range that a command is about.
func (c *Command) blocks() (off, n int64, err error) {
	if err := c.protection(); err != nil {
		return 0, 0, err
	}
	lba, count := c.addressed()
	return c.unit.extent(lba, count)
}

// transfer is blocks for commands that move data, which has a limit.
func (c *Command) transfer() (off, n int64, err error) {
	if off, n, err = c.blocks(); err != nil {
		return 0, 0, err
	}
	if n > int64(c.nexus.MaxTransfer) {
		return 0, 0, invalidCDB(c.countField())
	}
	c.Length = int(n)
	return off, n, nil
}
