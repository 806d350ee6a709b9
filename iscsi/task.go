package iscsi

// task is a PDU of the initiator that is to be answered, most often a SCSI
// command. Fields are the reader's until the task is ordered, then under the
// session's lock, and of the worker that runs it while it runs.
type task struct {
	s     *session
	c     *conn
	nexus *nexus // nil: not of a logical unit that exists
	next  *task  // in the free list, or held in the nexus

	op        opcode
	immediate bool
	flags     byte
	lun       uint64 // as on the wire
	itt       uint32
	ttt       uint32
	cmdSN     uint32
	edtl      int // expected data transfer length
	cdb       [16]byte
	longCDB   bool
	refTag    uint32 // of a task management function
	refCmdSN  uint32
	attribute attribute

	admitted  bool // counted in the window, known to the nexus
	enabled   bool // its turn has come in the order of the logical unit
	complete  bool // its data is here
	receiving bool // the reader is filling buf
	running   bool
	aborted   bool
	ending    uint64 // numbers those that are over
	since     uint32 // tick of the keeper at which the initiator was last asked

	dataState
	result
}

// attribute of a task (SAM-5 section 8.6, RFC 7143 section 11.3.1).
type attribute byte

const (
	untagged    attribute = 0
	simple      attribute = 1
	ordered     attribute = 2
	headOfQueue attribute = 3
)

// ifReady returns the task if it can run now, and marks it as running. The
// caller holds s.mu.
func (t *task) ifReady() *task {
	if t.running || !t.enabled || !t.complete || t.receiving || t.aborted {
		return nil
	}
	t.running = true
	return t
}

// start runs the task on a goroutine of its own, where others than its reader
// set it free. nil is no task.
func (t *task) start() {
	if t == nil {
		return
	}
	c := t.c
	c.start(func() {
		t.run()
		c.out.flush()
	})
}

// run does what the task asks and queues the answer.
func (t *task) run() {
	switch t.op {
	case opSCSICommand:
		t.execute()
	case opNOPOut:
		t.finish(t.answerPing)
	case opTaskMgmt:
		t.runManagement()
	case opText:
		t.finish(t.answerText)
	case opLogout:
		s, c, reason, cid := t.s, t.c, t.logoutReason(), t.logoutCID()
		if reason == logoutConnection {
			s.abandon(cid)
		}
		t.finish(t.answerLogout)
		s.afterLogout(c, reason, cid)
	}
}

// finish takes the task out of the session and then answers, so that the
// answer opens the window and its tag can be used again.
func (t *task) finish(answer func()) {
	s := t.s
	s.mu.Lock()
	s.answer(t)
	s.mu.Unlock()
	if !t.aborted {
		answer()
	}
	s.flushOthers(t.c)
	s.mu.Lock()
	s.leave(t) // those that waited are answered after it
	s.mu.Unlock()
}
