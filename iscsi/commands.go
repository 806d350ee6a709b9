package iscsi

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

// command is a row of the table: how a command looks, what it may meet, and
// what it does.
type command struct {
	code   byte
	action int // service action, -1: has none
	// usage has the bits of the CDB that mean something, as REPORT SUPPORTED
	// OPERATION CODES tells (SPC-4 section 6.35.3).
	usage  string
	access access
	needs  func(*task) int
	run    func(*task) error
}

func (c *command) length() int { return len(c.usage) }

// Operation codes that are used by name.
const (
	opPersistIn  = 0x5e
	opPersistOut = 0x5f
)

// commands are the table by operation code.
type commands [256][]*command

func (cs *commands) known(code byte) bool { return len(cs[code]) > 0 }

// find returns the row of a CDB, nil where there is none.
func (cs *commands) find(cdb *[16]byte) *command {
	for _, c := range cs[cdb[0]] {
		if c.action < 0 || int(cdb[1]&0x1f) == c.action {
			return c
		}
	}
	return nil
}

func newCommands() *commands {
	var cs commands
	for _, rows := range [][]command{primaryCommands(), blockCommands()} {
		for i := range rows {
			c := &rows[i]
			cs[c.code] = append(cs[c.code], c)
		}
	}
	return &cs
}

// primaryCommands are those of SPC-4, and SPC-2's RESERVE and RELEASE.
func primaryCommands() []command {
	const always = allowed | allowedPersist
	const nowhere = always | withoutUnit | withoutAttention
	return []command{
		{0x00, -1, "\x00\x00\x00\x00\x00\x07", allowedPersist | needsMedium, nil, (*task).testUnitReady},
		{0x03, -1, "\x03\x01\x00\x00\xff\x07", nowhere, nil, (*task).requestSense},
		{0x12, -1, "\x12\x01\xff\xff\xff\x07", nowhere, nil, (*task).inquiry},
		{0x15, -1, "\x15\x11\x00\x00\xff\x07", 0, needs8(4), (*task).modeSelect6},
		{0x16, -1, "\x16\x00\x00\x00\x00\x07", allowedPersist, nil, (*task).reserve6},
		{0x17, -1, "\x17\x00\x00\x00\x00\x07", always, nil, (*task).release6},
		{0x1a, -1, "\x1a\x08\xff\xff\xff\x07", allowedPersist, nil, (*task).modeSense6},
		{0x1d, -1, "\x1d\x04\x00\x00\x00\x07", 0, nil, (*task).sendDiagnostic},
		{0x55, -1, "\x55\x11\x00\x00\x00\x00\x00\xff\xff\x07", 0, needs16(7), (*task).modeSelect10},
		{0x5a, -1, "\x5a\x18\xff\xff\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*task).modeSense10},
		{0x5e, 0, "\x5e\x1f\x00\x00\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*task).readKeys},
		{0x5e, 1, "\x5e\x1f\x00\x00\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*task).readReservation},
		{0x5e, 2, "\x5e\x1f\x00\x00\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*task).reportCapabilities},
		{0x5e, 3, "\x5e\x1f\x00\x00\x00\x00\x00\xff\xff\x07", allowedPersist, nil, (*task).readFullStatus},
		{0x5f, 0, persistOutUsage, allowedPersist, needsList, (*task).persistRegister},
		{0x5f, 1, persistOutUsage, allowedPersist, needsList, (*task).persistReserve},
		{0x5f, 2, persistOutUsage, allowedPersist, needsList, (*task).persistRelease},
		{0x5f, 3, persistOutUsage, allowedPersist, needsList, (*task).persistClear},
		{0x5f, 4, persistOutUsage, allowedPersist, needsList, (*task).persistPreempt},
		{0x5f, 5, persistOutUsage, allowedPersist, needsList, (*task).persistPreempt},
		{0x5f, 6, persistOutUsage, allowedPersist, needsList, (*task).persistRegister},
		{0xa0, -1, "\xa0\x00\xff\x00\x00\x00\xff\xff\xff\xff\x00\x07", nowhere, nil, (*task).reportLUNs},
		{0xa3, 0x0c, "\xa3\x1f\x87\xff\xff\xff\xff\xff\xff\xff\x00\x07", always, nil, (*task).reportOpcodes},
		{0xa3, 0x0d, "\xa3\x1f\x80\x00\x00\x00\xff\xff\xff\xff\x00\x07", always, nil, (*task).reportFunctions},
	}
}

const persistOutUsage = "\x5f\x1f\xff\x00\x00\xff\xff\xff\xff\x07"

// blockCommands are those of SBC-3.
func blockCommands() []command {
	const medium = needsMedium
	const reads = reader | needsMedium
	return []command{
		{0x04, -1, "\x04\x30\x00\x00\x00\x07", medium, needsFormat, (*task).format},
		{0x08, -1, "\x08\x1f\xff\xff\xff\x07", reads, nil, (*task).read},
		{0x0a, -1, "\x0a\x1f\xff\xff\xff\x07", medium, needsBlocks, (*task).write},
		{0x1b, -1, "\x1b\x01\x00\x00\x03\x07", 0, nil, (*task).startStop},
		{0x1e, -1, "\x1e\x00\x00\x00\x03\x07", 0, nil, (*task).preventAllow},
		{0x25, -1, "\x25\x00\x00\x00\x00\x00\x00\x00\x00\x07", allowed | allowedPersist | medium, nil, (*task).readCapacity10},
		{0x28, -1, "\x28\x18\xff\xff\xff\xff\x1f\xff\xff\x07", reads, nil, (*task).read},
		{0x2a, -1, "\x2a\x18\xff\xff\xff\xff\x1f\xff\xff\x07", medium, needsBlocks, (*task).write},
		{0x2e, -1, "\x2e\x16\xff\xff\xff\xff\x1f\xff\xff\x07", medium, needsBlocks, (*task).writeVerify},
		{0x2f, -1, "\x2f\x16\xff\xff\xff\xff\x1f\xff\xff\x07", reads, needsCompared, (*task).verify},
		{0x34, -1, "\x34\x02\xff\xff\xff\xff\x1f\xff\xff\x07", reads, nil, (*task).prefetch},
		{0x35, -1, "\x35\x02\xff\xff\xff\xff\x1f\xff\xff\x07", medium, nil, (*task).synchronize},
		{0x37, -1, "\x37\x00\x1f\x00\x00\x00\x00\xff\xff\x07", reads, nil, (*task).defects10},
		{0x41, -1, "\x41\x08\xff\xff\xff\xff\x1f\xff\xff\x07", medium, needsBlock, (*task).writeSame},
		{0x42, -1, "\x42\x00\x00\x00\x00\x00\x1f\xff\xff\x07", medium, needs16(7), (*task).unmap},
		{0x88, -1, cdb16(0x88, 0x18), reads, nil, (*task).read},
		{0x89, -1, "\x89\x18\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\xff\x1f\x07", medium, needsTwice, (*task).compareAndWrite},
		{0x8a, -1, cdb16(0x8a, 0x18), medium, needsBlocks, (*task).write},
		{0x8b, -1, cdb16(0x8b, 0x18), medium, needsBlocks, (*task).orWrite},
		{0x8e, -1, cdb16(0x8e, 0x16), medium, needsBlocks, (*task).writeVerify},
		{0x8f, -1, cdb16(0x8f, 0x16), reads, needsCompared, (*task).verify},
		{0x90, -1, cdb16(0x90, 0x02), reads, nil, (*task).prefetch},
		{0x91, -1, cdb16(0x91, 0x02), medium, nil, (*task).synchronize},
		{0x93, -1, cdb16(0x93, 0x09), medium, needsBlock, (*task).writeSame},
		{0x9e, 0x10, cdb16(0x9e, 0x1f), allowed | allowedPersist | medium, nil, (*task).readCapacity16},
		{0x9e, 0x12, cdb16(0x9e, 0x1f), reads, nil, (*task).lbaStatus},
		{0xa8, -1, cdb12(0xa8, 0x18), reads, nil, (*task).read},
		{0xaa, -1, cdb12(0xaa, 0x18), medium, needsBlocks, (*task).write},
		{0xb7, -1, "\xb7\x1f\xff\xff\xff\xff\xff\xff\xff\xff\x00\x07", reads, nil, (*task).defects12},
		{0xae, -1, cdb12(0xae, 0x16), medium, needsBlocks, (*task).writeVerify},
		{0xaf, -1, cdb12(0xaf, 0x16), reads, needsCompared, (*task).verify},
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
func needs8(at int) func(*task) int  { return func(t *task) int { return int(t.cdb[at]) } }
func needs16(at int) func(*task) int { return func(t *task) int { return t.u16(at) } }

// needsList is the parameter list of PERSISTENT RESERVE OUT.
func needsList(t *task) int { return int(t.u32(5)) }

func needsBlock(t *task) int {
	if t.cdb[0] == 0x93 && t.cdb[1]&1 != 0 { // NDOB
		return 0
	}
	return t.nexus.unit.blockSize
}

func needsBlocks(t *task) int {
	_, count := t.medium()
	return int(count) * t.nexus.unit.blockSize
}

func needsTwice(t *task) int { return 2 * int(t.cdb[13]) * t.nexus.unit.blockSize }

// needsCompared is the data of a VERIFY by its BYTCHK (SBC-3 section 5.32).
func needsCompared(t *task) int {
	switch t.cdb[1] >> 1 & 3 {
	case 1:
		return needsBlocks(t)
	case 3:
		return t.nexus.unit.blockSize
	}
	return 0
}
