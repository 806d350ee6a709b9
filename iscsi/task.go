package iscsi

import "github.com/spurboot/spur/block/scsi"

// task is a PDU of the initiator that is to be answered, most often a SCSI
// command. Fields are the reader's until the task is ordered, then under the
// session's lock, and of the worker that runs it while it runs.
type task struct {
	s     *session
	c     *conn
	nexus *nexus // of a SCSI command

	op        opcode
	immediate bool
	flags     byte
	lun       uint64 // as on the wire
	itt       uint32
	ttt       uint32
	cmdSN     uint32
	refTag    uint32 // of a task management function
	refCmdSN  uint32
	attribute attribute
	scsi      scsi.Command

	state     taskState
	enabled   bool // its turn has come in the order of the logical unit
	complete  bool // its data is here
	receiving bool // the reader is filling buf
	aborted   bool
	answerNo  uint64 // numbers those that are being answered
	since     uint32 // tick of the keepalive at which the initiator was last asked

	dataOutState
	dataInState
}

// attribute of a task (SAM-5 section 8.6, RFC 7143 section 11.3.1).
type attribute byte

const (
	simple      attribute = 1
	ordered     attribute = 2
	headOfQueue attribute = 3
)

// newTask returns a clean task.
func (s *session) newTask() *task {
	t, ok := s.srv.tasks.Get().(*task)
	if !ok {
		t = new(task)
	}
	*t = task{s: s, since: s.srv.ticks.Load()}
	return t
}

// freeBuffers gives back all memory for data.
func (t *task) freeBuffers() {
	for _, b := range []**buffer{&t.buf, &t.last, &t.space, &t.scratch} {
		t.s.srv.pool.put(*b)
		*b = nil
	}
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
		t.runLogout()
	}
}

// quick says whether a task won't take long.
func (t *task) quick() bool { return t.op == opSCSICommand && t.nexus.Quick(&t.scsi) }
