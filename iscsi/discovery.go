package iscsi

import (
	"net"
	"slices"
)

// answerText answers a Text Request: SendTargets, whose list may go on over
// several PDUs (RFC 7143 sections 11.10, 11.11 and Appendix C).
func (t *task) answerText() {
	c := t.c
	c.textMu.Lock()
	defer c.textMu.Unlock()
	goesOn := t.flags&flagContinue != 0
	switch {
	case t.ttt != noTag && len(c.reply) > 0:
		t.sendText() // the initiator asks for the rest
		return
	case goesOn && t.flags&flagFinal != 0, len(c.text)+len(t.buf.b) > maxText:
		t.rejectText(rejectProtocol)
		return
	case !c.holdText(len(t.buf.b)):
		t.rejectText(rejectLongOp)
		return
	}
	c.text = append(c.text, t.buf.b...)
	if goesOn {
		t.textResponse(nil, flagContinue, t.textTag())
		return
	}
	pairs, err := parseText(c.text)
	switch {
	case err != nil:
		t.rejectText(rejectInvalidField)
		return
	case unique(pairs) != nil || slices.ContainsFunc(pairs, ofLogin):
		t.rejectText(rejectProtocol)
		return
	}
	reply := formatText(t.s.answers(c, pairs)...)
	c.dropText()
	if !c.holdText(len(reply)) {
		t.rejectText(rejectLongOp)
		return
	}
	c.reply = reply
	t.sendText()
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
func (t *task) textTag() uint32 { return 1 }

// sendText sends as much of the reply as fits.
func (t *task) sendText() {
	c := t.c
	n := min(len(c.reply), int(c.segment.Load()))
	part := c.reply[:n]
	if c.reply = c.reply[n:]; len(c.reply) > 0 {
		t.textResponse(part, flagContinue, t.textTag())
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

// answers are those to the pairs of a Text Request.
func (s *session) answers(c *conn, pairs []pair) []pair {
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

// sendTargets lists targets with their portal.
func (s *session) sendTargets(c *conn, which string) []pair {
	var names []string
	switch {
	case which == "All" && s.target != nil:
		return []pair{{"SendTargets", rejected}} // Appendix C: discovery only
	case which == "All":
		names = s.srv.Targets.Names(s.info.Initiator)
	case which == "" && s.target != nil:
		names = []string{s.target.Name}
	case slices.Contains(s.srv.Targets.Names(s.info.Initiator), which):
		names = []string{which}
	}
	portal := s.srv.Portal
	if portal == "" {
		portal = portalOf(c.nc.LocalAddr())
	}
	var reply []pair
	for _, name := range names {
		reply = append(reply, pair{"TargetName", name})
		if portal != "" {
			reply = append(reply, pair{"TargetAddress", portal + ",1"})
		}
	}
	return reply
}

// portalOf is the address that the initiator came to.
func portalOf(a net.Addr) string {
	at, ok := a.(*net.TCPAddr)
	if !ok {
		return "" // Appendix C: then the address of the discovery is meant
	}
	// The zone of a link-local address is this host's business.
	return (&net.TCPAddr{IP: at.IP, Port: at.Port}).String()
}
