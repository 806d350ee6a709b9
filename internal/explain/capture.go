package explain

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/dissect"
	"github.com/spurboot/spur/internal/onlooker"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/timeline/report"
)

// CaptureQuestion is what `spur explain --pcap` asks of a capture.
type CaptureQuestion struct {
	Only    boot.MAC // of this machine alone; the zero value is all
	Packets bool     // show each packet of DHCP field by field
	Bytes   bool     // and byte by byte
}

// asks tells whether a machine is one that is asked about.
func (q CaptureQuestion) asks(mac boot.MAC) bool { return q.Only == boot.MAC{} || q.Only == mac }

// Capture says of each machine in a capture what it and its servers sent,
// packet by packet, how far its boots came, and what went wrong with them. That no
// machine in it asks to boot is an error.
func Capture(out io.Writer, path string, q CaptureQuestion) error {
	f, err := onlooker.ReadFile(path)
	if err != nil {
		return err
	}
	if f.Record != nil {
		explainRecord(out, path, *f.Record, q)
		return nil
	}
	c := f.Capture
	s := captureStory{out: out, question: q, capture: c}
	s.line("Capture  %s: %d packets in %s", path, c.Packets, size.Length(c.Ended.Sub(c.Began)))
	for _, n := range c.Notes {
		s.line("         %s", n)
	}
	booting, others := 0, 0
	for _, m := range c.Machines {
		if !q.asks(m.MAC) {
			continue
		}
		events := onlooker.Events(m)
		if !onlooker.Boots(events) {
			others++
			continue
		}
		booting++
		s.machine(m, events)
	}
	if others > 0 {
		s.line("\nOf %s there is no boot, but requests for addresses.", size.Count(others, "other machine"))
	}
	if booting == 0 {
		return onlooker.NoBoot(path, q.Only)
	}
	return nil
}

// captureStory writes what is in a capture.
type captureStory struct {
	out      io.Writer
	question CaptureQuestion
	capture  *capture.Capture
	faults   map[string]bool // that were told of the machine already
}

func (s captureStory) line(format string, a ...any) {
	_, _ = io.WriteString(s.out, printable.Text(fmt.Sprintf(format, a...))+"\n")
}

// shownMost bounds the packets that are shown of one machine: the first and the
// last ones.
const shownMost = 400

func (s captureStory) machine(m *capture.Machine, events []timeline.Event) {
	s.faults = map[string]bool{}
	on := ""
	if m.VLAN != 0 {
		on = fmt.Sprintf(", VLAN %d", m.VLAN)
	}
	s.line("\nMachine  %s%s", m.MAC, on)
	for n, i := range m.Items {
		if len(m.Items) > shownMost && n == shownMost/2 {
			s.line("           ⋮ %d packets and transfers are left out", len(m.Items)-shownMost)
		}
		if n < shownMost/2 || n >= len(m.Items)-shownMost/2 {
			s.item(i)
		}
	}
	if m.Omitted > 0 {
		s.line("           ⋮ for %d more there was no room", m.Omitted)
	}
	for _, a := range onlooker.Attempts(events, s.capture.Ended) {
		s.line("\n%s", strings.TrimRight(report.Attempt(a), "\n"))
		if a.Verdict == nil {
			s.open(a, m)
		}
	}
}

// open says how a boot stands that had come to no verdict when the capture ended.
func (s captureStory) open(a timeline.Attempt, m *capture.Machine) {
	if a.Stage == timeline.Running || a.Stage == timeline.IsUp || a.Stage == timeline.HandedOver {
		s.line("           as far as can be seen, all went well")
		return
	}
	v, ok := timeline.JudgeOnlooker(a, a.Last.Add(time.Minute))
	switch {
	case !ok:
		s.line("           the capture ends there")
	case !m.Unicast && a.Address.IsValid():
		s.line("           the capture ends there, and has nothing that was sent to one host alone: capture on the server")
	default:
		s.line("           the capture ends there")
		s.line("%s", strings.TrimRight(report.Open(v), "\n"))
	}
}

// item shows a packet, a transfer or a remark.
func (s captureStory) item(i *capture.Item) {
	at := fmt.Sprintf("%10.3f s ", i.Time.Sub(s.capture.Began).Seconds())
	switch i.Proto {
	case capture.Remark:
		s.line("%s%s", at, i.Remark)
	case capture.Fetch:
		s.line("%s%s", at, transferText(i.Transfer))
	case capture.DHCP:
		s.packet(at, way(i), i.Message, dissect.DHCP)
	case capture.DHCP6:
		s.packet(at, way(i), i.Message, dissect.DHCPv6)
	}
}

// packet shows a packet of DHCP: in one line, or field by field.
func (s captureStory) packet(at, way string, b []byte, read func([]byte) dissect.Packet) {
	p := read(b)
	brief := p.Brief()
	if s.question.Packets {
		brief = p.Title
	}
	s.line("%s%s  %s", at, way, brief)
	indent := strings.Repeat(" ", len(at))
	if s.question.Packets {
		for _, line := range p.Lines() {
			s.line("%s%s", indent, line)
		}
	} else {
		s.newFaults(p, indent)
	}
	if s.question.Bytes {
		for line := range strings.Lines(hex.Dump(b)) {
			s.line("%s    %s", indent, strings.TrimRight(line, "\n"))
		}
	}
}

// newFaults shows what is wrong with a packet's form, once.
func (s captureStory) newFaults(p dissect.Packet, indent string) {
	for _, f := range p.Faults {
		if !s.faults[f] {
			s.faults[f] = true
			s.line("%s!   %s", indent, f)
		}
	}
}

// way says who sent a packet to whom.
func way(i *capture.Item) string {
	name := func(a netip.AddrPort) string {
		switch {
		case a.Addr().IsMulticast() || a.Addr() == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			return "everybody"
		case a.Addr().IsUnspecified():
			return "the machine"
		}
		return a.Addr().String()
	}
	port := ""
	if i.Dst.Port() == 4011 || i.Src.Port() == 4011 {
		port = " (port 4011)"
	}
	return fmt.Sprintf("%s → %s%s", name(i.Src), name(i.Dst), port)
}

// transferText says in a line what became of a request for a file.
func transferText(t *capture.Transfer) string {
	method := ""
	if t.Method != "" {
		method = t.Method + " "
	}
	text := fmt.Sprintf("%s → %s  %s %s%q", t.Client.Addr(), t.Server.Addr(), strings.ToUpper(t.Proto), method, t.Name)
	if t.Requests > 1 {
		text += fmt.Sprintf(", asked for %d times", t.Requests)
	}
	if t.Status != 0 {
		text += fmt.Sprintf(", status %d", t.Status)
	}
	switch {
	case t.SizeOnly && t.Total > 0:
		return text + ": its size alone, " + timeline.Size(t.Total)
	case t.SizeOnly:
		return text + ": its head alone"
	case t.Bytes > 0:
		text += ": " + amountText(t)
	}
	if t.Lacks > 0 {
		text += ", captured only in part"
	}
	if t.Err != "" {
		text += "; " + t.Err
	} else if !t.Done {
		text += "; not to its end, as far as is captured"
	}
	return text
}

// amountText is "170 KiB in 125 blocks of 1428 bytes, 0.7 s, 3 retransmissions".
func amountText(t *capture.Transfer) string {
	text := timeline.Size(t.Bytes)
	if t.Total > t.Bytes {
		text += " of " + timeline.Size(t.Total)
	}
	if t.Blocks > 0 {
		text += fmt.Sprintf(" in %d blocks of %d bytes", t.Blocks, t.BlockSize)
	}
	if t.Window > 1 {
		text += fmt.Sprintf(", windows of %d", t.Window)
	}
	text += ", " + size.Length(t.Last.Sub(t.Start))
	switch t.Retransmissions {
	case 0:
	case 1:
		text += ", 1 retransmission"
	default:
		text += fmt.Sprintf(", %d retransmissions", t.Retransmissions)
	}
	return text
}
