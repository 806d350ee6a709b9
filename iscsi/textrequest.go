package iscsi

import "slices"

// answerText answers a Text Request: SendTargets, whose list may go on over
// several PDUs (RFC 7143 sections 11.10, 11.11 and Appendix C).
func (t *task) answerText() {
	t.c.textMu.Lock()
	defer t.c.textMu.Unlock()
	if reason := t.takeText(); reason != 0 {
		t.rejectText(reason)
	}
}

// takeText answers, or returns the reason of a Reject.
func (t *task) takeText() (reject byte) {
	c := t.c
	goesOn := t.flags&flagContinue != 0
	switch {
	case t.ttt != noTag && len(c.reply) > 0: // the initiator asks for the rest
		t.sendText()
		return 0
	case goesOn && t.flags&flagFinal != 0, len(c.text)+len(t.buf.b) > maxText:
		return rejectProtocol
	case !c.holdText(len(t.buf.b)):
		return rejectLongOp
	}
	if c.text = append(c.text, t.buf.b...); goesOn {
		t.textResponse(nil, flagContinue, textTag)
		return 0
	}
	pairs, err := parseText(c.text)
	switch {
	case err != nil:
		return rejectInvalidField
	case unique(pairs) != nil || slices.ContainsFunc(pairs, ofLogin):
		return rejectProtocol
	}
	reply := formatText(t.s.answerPairs(c, pairs)...)
	if c.dropText(); !c.holdText(len(reply)) {
		return rejectLongOp
	}
	c.reply = reply
	t.sendText()
	return 0
}

// rejectText ends an exchange.
func (t *task) rejectText(reason byte) {
	t.c.dropText()
	var bad header
	bad.start(opText, t.flags)
	bad.setITT(t.itt)
	t.c.reject(&bad, reason)
}

// textTag marks an exchange that goes on.
const textTag = 1

// sendText sends as much of the reply as fits.
func (t *task) sendText() {
	c := t.c
	n := min(len(c.reply), int(c.segment.Load()))
	part := c.reply[:n]
	if c.reply = c.reply[n:]; len(c.reply) > 0 {
		t.textResponse(part, flagContinue, textTag)
		return
	}
	c.dropText()
	t.textResponse(part, flagFinal, noTag)
}

func (t *task) textResponse(p []byte, flags byte, tag uint32) {
	var h header
	h.start(opTextResp, flags)
	h.setLUN(t.lun)
	h.setITT(t.itt)
	h.put32(20, tag)
	t.c.send(&h, p, nil)
}

// ofLogin says whether a pair belongs in a login only.
func ofLogin(kv pair) bool {
	return isSecurity(kv.key) || isDeclaration(kv.key) && kv.key != "InitiatorAlias"
}

// answerPairs answers the pairs of a Text Request.
func (s *session) answerPairs(c *conn, pairs []pair) []pair {
	var reply []pair
	for _, kv := range pairs {
		switch {
		case kv.key == "SendTargets":
			reply = append(reply, s.sendTargets(c, kv.value)...)
		case kv.key == "MaxRecvDataSegmentLength":
			now := c.p
			if declareSegment(&now, kv.value, nil) != "" {
				reply = append(reply, pair{kv.key, rejected})
				continue
			}
			c.segment.Store(int32(now.sendSegment))
		case kv.key == "InitiatorAlias":
		case isOperational(kv.key):
			reply = append(reply, pair{kv.key, rejected})
		default:
			reply = append(reply, pair{kv.key, notUnderstood})
		}
	}
	return reply
}
