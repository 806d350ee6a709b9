package scsi

// access says what a command may meet.
type access uint16

const (
	// Reservations by others (SPC-4 table 48, SBC-3 table 13): always allowed;
	// allowed by persistent ones; a reader; else a writer.
	allowed access = 1 << iota
	allowedPersist
	reader
	// withoutUnit: answered where no logical unit is.
	withoutUnit
	// withoutAttention: runs before a pending unit attention.
	withoutAttention
	needsMedium
)

// operation is a row of the table: how a command looks, what it may meet, and
// what it does.
type operation struct {
	code   byte
	action int // service action, -1: has none
	// usage has the bits of the CDB that mean something, as REPORT SUPPORTED
	// OPERATION CODES tells (SPC-4 section 6.35.3).
	usage  string
	access access
	needs  func(*Command) int
	run    func(*Command) error
}

func (op *operation) length() int { return len(op.usage) }

// operations are the table by operation code.
type operations [256][]*operation

func (ops *operations) known(code byte) bool { return len(ops[code]) > 0 }

// find returns the row of a CDB, nil where there is none.
func (ops *operations) find(cdb *[16]byte) *operation {
	for _, op := range ops[cdb[0]] {
		if op.action < 0 || int(cdb[1]&0x1f) == op.action {
			return op
		}
	}
	return nil
}

func newOperations() *operations {
	var ops operations
	for _, rows := range [][]operation{primaryCommands(), blockCommands()} {
		for i := range rows {
			op := &rows[i]
			ops[op.code] = append(ops[op.code], op)
		}
	}
	return &ops
}

// primaryCommands are those of SPC-4, and SPC-2's RESERVE and RELEASE.
func primaryCommands() []operation {
	const always = allowed | allowedPersist
	const nowhere = always | withoutUnit | withoutAttention
	return []operation{
		{0x00, -1, "\x00\x00\x00\x00\x00\x07", allowedPersist | needsMedium, nil, (*Command).testUnitReady},
		{0x03, -1, "\x03\x01\x00\x00\xff\x07", nowhere, nil, (*Command).requestSense},
		{0x12, -1, "\x12\x01\xff\xff\xff\x07", nowhere, nil, (*Command).inquiry},
		{0x15, -1, "\x15\x11\x00\x00\xff\x07", 0, needs8(4), (*Command).modeSelect6},
		{0x16, -1, "\x16\x00\x00\x00\x00\x07", allowedPersist, nil, (*Command).reserve6},
		{0x17, -1, "\x17\x00\x00\x00\x00\x07", always, nil, (*Command).release6},
		{0x1a, -1, "\x1a\x08\xff\xff\xff\x07", allowedPersist, nil, (*Command).modeSense6},
		{0x1d, -1, "\x1d\x04\x00\x00\x00\x07", 0, nil, (*Command).sendDiagnostic},
		{0x55, -1, "\x55\x11\x00\x00\x00\x00\x00\xff\xff\x07", 0, needs16(7), (*Command).modeSelect10},
		{0x5a, -1, "\x5a\x18\xff\xff\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*Command).modeSense10},
		{0x5e, 0, "\x5e\x1f\x00\x00\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*Command).readKeys},
		{0x5e, 1, "\x5e\x1f\x00\x00\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*Command).readReservation},
		{0x5e, 2, "\x5e\x1f\x00\x00\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*Command).reportCapabilities},
		{0x5e, 3, "\x5e\x1f\x00\x00\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*Command).readFullStatus},
		{0x5f, 0, persistOutUsage, allowedPersist, needsList, persist((*Unit).persistRegister)},
		{0x5f, 1, persistOutUsage, allowedPersist, needsList, persist((*Unit).persistReserve)},
		{0x5f, 2, persistOutUsage, allowedPersist, needsList, persist((*Unit).persistRelease)},
		{0x5f, 3, persistOutUsage, allowedPersist, needsList, persist((*Unit).persistClear)},
		{0x5f, 4, persistOutUsage, allowedPersist, needsList, persist((*Unit).persistPreempt)},
		{0x5f, 5, persistOutUsage, allowedPersist, needsList, persist((*Unit).persistPreempt)},
		{0x5f, 6, persistOutUsage, allowedPersist, needsList, persist((*Unit).persistRegister)},
		{0xa0, -1, "\xa0\x00\xff\x00\x00\x00\xff\xff\xff\xff\x00\x07", nowhere, nil, (*Command).reportLUNs},
		{0xa3, 0x0c, "\xa3\x1f\x87\xff\xff\xff\xff\xff\xff\xff\x00\x07", always, nil, (*Command).reportOpcodes},
		{0xa3, 0x0d, "\xa3\x1f\x80\x00\x00\x00\xff\xff\xff\xff\x00\x07", always, nil, (*Command).reportFunctions},
	}
}

const persistOutUsage = "\x5f\x1f\xff\x00\x00\xff\xff\xff\xff\x07"

// blockCommands are those of SBC-3.
func blockCommands() []operation {
	const medium = needsMedium
	const reads = reader | needsMedium
	return []operation{
		{0x04, -1, "\x04\x30\x00\x00\x00\x07", medium, needsFormat, (*Command).format},
		{0x08, -1, "\x08\x1f\xff\xff\xff\x07", reads, nil, (*Command).read},
		{0x0a, -1, "\x0a\x1f\xff\xff\xff\x07", medium, needsBlocks, (*Command).write},
		{0x1b, -1, "\x1b\x01\x00\x00\x03\x07", 0, nil, (*Command).startStop},
		{0x1e, -1, "\x1e\x00\x00\x00\x03\x07", 0, nil, (*Command).preventAllow},
		{0x25, -1, "\x25\x00\x00\x00\x00\x00\x00\x00\x00\x07", allowed | allowedPersist | medium, nil, (*Command).readCapacity10},
		{0x28, -1, "\x28\x18\xff\xff\xff\xff\x1f\xff\xff\x07", reads, nil, (*Command).read},
		{0x2a, -1, "\x2a\x18\xff\xff\xff\xff\x1f\xff\xff\x07", medium, needsBlocks, (*Command).write},
		{0x2e, -1, "\x2e\x16\xff\xff\xff\xff\x1f\xff\xff\x07", medium, needsBlocks, (*Command).writeVerify},
		{0x2f, -1, "\x2f\x16\xff\xff\xff\xff\x1f\xff\xff\x07", reads, needsCompared, (*Command).verify},
		{0x34, -1, "\x34\x02\xff\xff\xff\xff\x1f\xff\xff\x07", reads, nil, (*Command).prefetch},
		{0x35, -1, "\x35\x02\xff\xff\xff\xff\x1f\xff\xff\x07", medium, nil, (*Command).synchronize},
		{0x37, -1, "\x37\x00\x1f\x00\x00\x00\x00\xff\xff\x07", reads, nil, (*Command).defects10},
		{0x41, -1, "\x41\x08\xff\xff\xff\xff\x1f\xff\xff\x07", medium, needsBlock, (*Command).writeSame},
		{0x42, -1, "\x42\x00\x00\x00\x00\x00\x1f\xff\xff\x07", medium, needs16(7), (*Command).unmap},
		{0x88, -1, cdb16(0x88, 0x18), reads, nil, (*Command).read},
		{0x89, -1, "\x89\x18\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\xff\x1f\x07", medium, needsTwice, (*Command).compareAndWrite},
		{0x8a, -1, cdb16(0x8a, 0x18), medium, needsBlocks, (*Command).write},
		{0x8b, -1, cdb16(0x8b, 0x18), medium, needsBlocks, (*Command).orWrite},
		{0x8e, -1, cdb16(0x8e, 0x16), medium, needsBlocks, (*Command).writeVerify},
		{0x8f, -1, cdb16(0x8f, 0x16), reads, needsCompared, (*Command).verify},
		{0x90, -1, cdb16(0x90, 0x02), reads, nil, (*Command).prefetch},
		{0x91, -1, cdb16(0x91, 0x02), medium, nil, (*Command).synchronize},
		{0x93, -1, cdb16(0x93, 0x09), medium, needsBlock, (*Command).writeSame},
		{0x9e, 0x10, cdb16(0x9e, 0x1f), allowed | allowedPersist | medium, nil, (*Command).readCapacity16},
		{0x9e, 0x12, cdb16(0x9e, 0x1f), reads, nil, (*Command).lbaStatus},
		{0xa8, -1, cdb12(0xa8, 0x18), reads, nil, (*Command).read},
		{0xaa, -1, cdb12(0xaa, 0x18), medium, needsBlocks, (*Command).write},
		{0xb7, -1, "\xb7\x1f\xff\xff\xff\xff\xff\xff\xff\xff\x00\x07", reads, nil, (*Command).defects12},
		{0xae, -1, cdb12(0xae, 0x16), medium, needsBlocks, (*Command).writeVerify},
		{0xaf, -1, cdb12(0xaf, 0x16), reads, needsCompared, (*Command).verify},
	}
}

// cdb16 and cdb12 are the usage of long forms: code, flags, address, count,
// group number, control.
func cdb16(code, flags byte) string {
	return string([]byte{code, flags}) + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x1f\x07"
}

func cdb12(code, flags byte) string {
	return string([]byte{code, flags}) + "\xff\xff\xff\xff\xff\xff\xff\xff\x1f\x07"
}

// What commands need from the initiator, in bytes.
func needs8(at int) func(*Command) int  { return func(c *Command) int { return int(c.CDB[at]) } }
func needs16(at int) func(*Command) int { return func(c *Command) int { return c.u16(at) } }

// needsList is the parameter list of PERSISTENT RESERVE OUT.
func needsList(c *Command) int { return int(c.u32(5)) }

func needsBlock(c *Command) int {
	if c.CDB[0] == 0x93 && c.CDB[1]&1 != 0 { // NDOB
		return 0
	}
	return c.unit.blockSize
}

func needsBlocks(c *Command) int {
	_, count := c.addressed()
	return int(count) * c.unit.blockSize
}

func needsTwice(c *Command) int { return 2 * int(c.CDB[13]) * c.unit.blockSize }

// needsCompared is the data of a VERIFY by its BYTCHK (SBC-3 section 5.32).
func needsCompared(c *Command) int {
	switch c.CDB[1] >> 1 & 3 {
	case 1:
		return needsBlocks(c)
	case 3:
		return c.unit.blockSize
	}
	return 0
}
