package explain

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/spurboot/spur/internal/dissect"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/timeline"
)

// explainRecord says what is in a record that a Spur has kept of a failed boot.
func explainRecord(out io.Writer, path string, r record.Record, q CaptureQuestion) {
	s := captureStory{out: out, question: q, faults: map[string]bool{}}
	s.line("Record   %s: by Spur %s, with --dhcp %s", path, cmp.Or(r.Head.Spur, "of an unknown version"), r.Head.DHCP)
	s.line("Machine  %s, from %s on", r.Head.MAC, r.Head.Began.UTC().Format(time.DateTime))
	for _, e := range r.Entries {
		at := fmt.Sprintf("%10.3f s ", e.After)
		switch {
		case e.Packet != nil && e.Packet.Proto == record.DHCP6:
			s.packet(at, recordedWay(*e.Packet), e.Packet.Bytes, dissect.DHCPv6)
		case e.Packet != nil:
			s.packet(at, recordedWay(*e.Packet), e.Packet.Bytes, dissect.DHCP)
		case e.Event != nil:
			s.line("%s%s", at, recordedEvent(*e.Event))
		case e.Verdict != nil:
			s.line("%s%s: %s", at, e.Verdict.Cause, e.Verdict.Sentence)
			s.line("             likely  %s", e.Verdict.Likely)
			s.line("             do      %s", e.Verdict.Hint)
		}
	}
}

// recordedWay says whose a packet is.
func recordedWay(p record.Packet) string {
	switch p.Way {
	case record.Reply:
		return "Spur → the machine"
	case record.Heard:
		return fmt.Sprintf("%s → the machine", p.Src.Addr())
	}
	return "the machine" + p.ToBootServer()
}

// recordedEvent says what was seen besides packets.
func recordedEvent(e record.Event) string {
	text := e.Kind
	for _, word := range []string{e.Role, e.File} {
		if word != "" {
			text += " " + word
		}
	}
	if e.Proto != "" {
		text += " over " + e.Proto
	}
	if e.Bytes > 0 || e.Total > 0 {
		text += ": " + timeline.Size(e.Bytes)
		if e.Total > e.Bytes {
			text += " of " + timeline.Size(e.Total)
		}
	}
	for _, why := range []string{e.Err, e.Reason, e.Handshake} {
		if why != "" {
			text += ": " + why
		}
	}
	return text
}
