package report

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	mac   = boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}
	began = time.Date(2026, 4, 1, 12, 1, 7, 0, time.UTC)
)

// screen is a terminal of 80 columns that knows what Terminal uses: line feed,
// carriage return and erase to the end of the line. Colours take no room.
type screen struct {
	lines  []string // finished ones
	line   []rune
	column int
	wrong  string // what it does not know
}

func (s *screen) Write(p []byte) (int, error) {
	rest := string(p)
	for rest != "" {
		if escape, after, ok := strings.Cut(rest, "\x1b["); ok && escape == "" {
			end := strings.IndexFunc(after, func(r rune) bool { return r >= '@' })
			switch after[end] {
			case 'K':
				s.line = s.line[:min(s.column, len(s.line))]
			case 'm':
			default:
				s.wrong = after[:end+1]
			}
			rest = after[end+1:]
			continue
		}
		r := []rune(rest)[0]
		rest = rest[len(string(r)):]
		s.put(r)
	}
	return len(p), nil
}

func (s *screen) put(r rune) {
	switch {
	case r == '\n':
		s.lines, s.line, s.column = append(s.lines, string(s.line)), nil, 0
	case r == '\r':
		s.column = 0
	case r < ' ':
		s.wrong = string(r)
	default:
		if s.column < len(s.line) {
			s.line[s.column] = r
		} else {
			s.line = append(s.line, r)
		}
		s.column++
	}
}

// feed plays events into one attempt and hands the updates to observe, as the
// timeline would. Events without a MAC are mac's.
func feed(observe func(timeline.Update), events ...timeline.Event) timeline.Attempt {
	var a timeline.Attempt
	for _, e := range events {
		if e.MAC == (boot.MAC{}) {
			e.MAC = mac
		}
		var steps []timeline.Step
		a, steps = a.Next(e)
		u := timeline.Update{Time: e.Time, Attempt: a, Steps: steps}
		for _, x := range a.Transfers {
			if x.Name == e.Name && x.Role == e.Role {
				u.Progress = &x
			}
		}
		if v, ok := timeline.Judge(a, e.Time); ok && a.Verdict == nil {
			a.Verdict = &v
			u.Attempt, u.Verdict = a, &v
		}
		if observe != nil {
			observe(u)
		}
	}
	return a
}

func at(seconds float64, e timeline.Event) timeline.Event {
	e.Time = began.Add(time.Duration(seconds * float64(time.Second)))
	return e
}

func fetch(k timeline.Kind, r timeline.Role, name string, bytes, total int64) timeline.Event {
	return timeline.Event{Kind: k, Role: r, Name: name, Proto: "http", Bytes: bytes, Total: total}
}

// boots is the boot of the README.
func boots() []timeline.Event {
	client := boot.Client{MAC: mac, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, Interface: "eth0"}
	ipxe := client
	ipxe.Loader = boot.IPXE
	chose := timeline.Event{Kind: timeline.Chose, Peer: netip.MustParseAddr("10.0.0.23"), Server: netip.MustParseAddr("10.0.0.1")}
	loader := fetch(timeline.FetchStart, timeline.RoleLoader, "snponly.efi", 0, 236544)
	loader.Proto = "tftp"
	loaded := fetch(timeline.FetchEnd, timeline.RoleLoader, "snponly.efi", 236544, 236544)
	loaded.Proto = "tftp"
	return []timeline.Event{
		at(0, timeline.Event{Kind: timeline.Asked, Client: client}),
		at(0, timeline.Event{Kind: timeline.Offered, Client: client, Name: "snponly.efi", Proto: "tftp", Route: "uefi-x64-snponly"}),
		at(2, chose),
		at(2.3, loader), at(2.7, loaded),
		at(4, timeline.Event{Kind: timeline.Asked, Client: ipxe}),
		at(4, timeline.Event{Kind: timeline.Offered, Client: ipxe, Name: "boot.ipxe", Proto: "http", Route: "ipxe-http"}),
		at(5, chose),
		at(5.2, fetch(timeline.FetchEnd, timeline.RoleScript, "boot.ipxe", 412, 412)),
		at(5.4, fetch(timeline.FetchStart, timeline.RoleKernel, "vmlinuz", 0, 8496544)),
		at(6.3, fetch(timeline.FetchEnd, timeline.RoleKernel, "vmlinuz", 8496544, 8496544)),
		at(6.4, fetch(timeline.FetchStart, timeline.RoleInitrd, "initrd.img", 0, 39<<20)),
		at(6.9, fetch(timeline.FetchProgress, timeline.RoleInitrd, "initrd.img", 2<<20, 39<<20)),
		at(8.4, fetch(timeline.FetchProgress, timeline.RoleInitrd, "initrd.img", 13<<20, 39<<20)),
		at(10.4, fetch(timeline.FetchProgress, timeline.RoleInitrd, "initrd.img", 26<<20, 39<<20)),
		at(12.4, fetch(timeline.FetchEnd, timeline.RoleInitrd, "initrd.img", 39<<20, 39<<20)),
		at(18, timeline.Event{Kind: timeline.OSAsked, Reason: "udhcp 1.35.0"}),
		at(21, timeline.Event{Kind: timeline.Up}),
	}
}

// stalls is a boot without a DHCP server.
func stalls() []timeline.Event {
	all := boots()
	all[0].Audible = true
	var events []timeline.Event
	for _, after := range []float64{0, 4, 16} {
		events = append(events, at(after, all[0]), at(after, all[1]))
	}
	return events
}
