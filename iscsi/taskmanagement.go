package iscsi

// Task management functions (RFC 7143 section 11.5.1).
const (
	abortTask         = 1
	abortTaskSet      = 2
	clearTaskSet      = 4
	logicalUnitReset  = 5
	targetWarmReset   = 6
	targetColdReset   = 7
	taskReassign      = 8
	functionComplete  = 0
	taskNotFound      = 1
	lunNotFound       = 2
	reassignUnsupport = 4
	functionUnsupport = 5
)

func (t *task) function() byte { return t.flags & 0x7f }

// manage does a task management function and returns the response when the
// tasks concerned are over (RFC 7143 section 4.2.3.3).
func (t *task) manage() byte {
	switch t.function() {
	case abortTask:
		return t.abortOne()
	case abortTaskSet, clearTaskSet, logicalUnitReset:
		n := t.s.nexus(t.lun)
		if n.unit == nil {
			return lunNotFound
		}
		if t.function() == logicalUnitReset {
			n.unit.Reset()
		} else {
			// Each I_T nexus has a task set of its own (TST 001b in the
			// control mode page), so that the two functions are one.
			n.abortAll()
		}
		return functionComplete
	case targetWarmReset, targetColdReset:
		for _, lun := range t.s.target.LUNs {
			lun.Reset()
		}
		return functionComplete
	case taskReassign: // belongs to error recovery level 2
		return reassignUnsupport
	}
	return functionUnsupport
}

func (t *task) abortOne() byte {
	found := t.s.abortAndAwait(func(other *task) bool { return other.itt == t.refTag && other.lun == t.lun })
	if found == 0 {
		return t.abortUnseen()
	}
	return functionComplete
}

// abortUnseen aborts a task that another connection is still to bring: its
// place in the order is taken (RFC 7143 section 11.6.1).
func (t *task) abortUnseen() byte {
	window := t.s.window.Load()
	first, last := uint32(window>>32), uint32(window)
	if int32(t.refCmdSN-first) < 0 || int32(last-t.refCmdSN) < 0 || int32(t.cmdSN-t.refCmdSN) <= 0 {
		return taskNotFound
	}
	stub := t.s.newTask()
	stub.c, stub.op, stub.itt, stub.cmdSN, stub.aborted = t.c, opSCSICommand, t.refTag, t.refCmdSN, true
	t.s.order(stub)
	return functionComplete
}

// answerManagement answers (RFC 7143 section 11.6).
func (t *task) answerManagement(response byte) {
	var h header
	h.start(opTaskMgmtResp, flagFinal)
	h[2] = response
	h.setITT(t.itt)
	t.c.send(&h, nil, nil)
}

// runManagement does a task management function and answers. A cold reset ends
// all sessions of the target. This one takes nothing more from before the answer
// on: who has read it would go on in a session that is about to end, and lose
// what it sets there.
func (t *task) runManagement() {
	s, c, response := t.s, t.c, t.manage()
	cold := t.function() == targetColdReset && response == functionComplete
	if cold {
		s.close()
		s.target.endOthers(s, errReset)
	}
	t.finish(func() { t.answerManagement(response) })
	if cold {
		c.out.finish()
		s.end(errReset)
	}
}
