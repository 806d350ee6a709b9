package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/timeline/report"
)

// notices say what is not a machine's events: that Spur is ready, what is odd
// about its surroundings, how much nonsense came in. On a terminal it speaks
// in lines, between those of the story; with --log json in records.
type notices struct {
	log      *slog.Logger     // nil on a terminal
	terminal *report.Terminal // nil with --log json

	malformed struct{ dhcp, tftp, http atomic.Uint64 }
	troubles  ration
	passwords ration // refused ones
}

func newNotices(c Config) *notices {
	if c.Logger != nil {
		return &notices{log: c.Logger}
	}
	var how report.Options
	if f, ok := c.Out.(interface{ File() *os.File }); ok && f.File() != nil {
		how = report.Detect(f.File(), os.Getenv)
	}
	return &notices{terminal: report.NewTerminal(c.Out, how)}
}

// observers tell the timeline's story.
func (v *notices) observers() []func(timeline.Update) {
	if v.terminal == nil {
		return []func(timeline.Update){report.Log(v.log)}
	}
	return []func(timeline.Update){v.terminal.Observe}
}

// say writes one line for people, or one record with the same facts.
func (v *notices) say(level slog.Level, line string, facts ...any) {
	if v.log != nil {
		v.log.Log(context.Background(), level, line, facts...)
		return
	}
	_, _ = io.WriteString(v.terminal, printable.Line(line)+"\n")
}

// ready says what Spur does from now on.
func (v *notices) ready(d *daemon, s *service) {
	c := d.config
	line := fmt.Sprintf("Spur boots %s on %s.", d.title, pools.Describe(c.withIPv6(s.interfaces)))
	facts := []any{"sub", "daemon", "step", "ready", "dhcp", string(c.DHCP), "http", c.HTTPPort, "https", c.HTTPS.Port, "tftp", c.TFTPPort}
	v.say(slog.LevelInfo, line, slices.Concat(facts, s.sockets.mountFacts(),
		[]any{"uid", s.status.Account.UID, "capabilities", s.status.CapabilityNames(), "landlock", s.status.Landlock})...)
	if weakness := s.status.Weakness(); weakness != "" {
		v.warn(weakness)
	}
	for _, more := range slices.Concat(d.itemLines(), d.signed(), addressLines(c, s), s.sockets.mountLines(), d.trusted) {
		v.say(slog.LevelInfo, more, "sub", "daemon", "step", "ready")
	}
}

// wouldServe says what Spur would do after a start.
func (v *notices) wouldServe(d *daemon, s *service) {
	lines := []string{fmt.Sprintf("Spur would boot %s on %s.", d.title, pools.Describe(d.config.withIPv6(s.interfaces)))}
	lines = slices.Concat(lines, d.itemLines(), d.signed(), addressLines(d.config, s), s.sockets.mountLines(), d.trusted)
	if s.links6 != nil && s.links6.surroundings() != "" {
		lines = append(lines, s.links6.surroundings())
	}
	for _, line := range append(lines, d.given...) {
		v.say(slog.LevelInfo, line, "sub", "daemon", "step", "dry-run")
	}
}

// note says what is going on before machines are answered.
func (v *notices) note(line string) { v.say(slog.LevelInfo, line, "sub", "daemon", "step", "start") }

func (v *notices) warn(line string) {
	v.say(slog.LevelWarn, "warning: "+line, "sub", "daemon")
}

// unreadable says that a file that a system has mounted couldn't be read. It may ask for it
// again and again, so that what exceeds a ration is counted.
func (v *notices) unreadable(file string, peer netip.Addr, err error) {
	ok, left := v.troubles.take(time.Now())
	if left > 0 {
		v.leftOut(left)
	}
	if ok {
		v.warn(fmt.Sprintf("%s couldn't be read for %s over NFS: %v", printable.Line(file), peer, err))
	}
}

// trouble says that something about one machine did not work. Machines can be made
// up, so that what exceeds a ration is counted.
func (v *notices) trouble(what string, mac boot.MAC, iface string, err error) {
	ok, left := v.troubles.take(time.Now())
	if left > 0 {
		v.leftOut(left)
	}
	if !ok {
		return
	}
	v.say(slog.LevelWarn, fmt.Sprintf("warning: %s: %s on %s: %v", mac, what, iface, err),
		"sub", "dhcp", "if", iface, "mac", mac.String(), "err", err)
}

func (v *notices) leftOut(count uint64) {
	v.say(slog.LevelWarn, fmt.Sprintf("warning: %d more like it about machines were left out", count), "sub", "dhcp", "count", count)
}

// panicked reports a fault of Spur's own, which cost one peer its answer.
func (v *notices) panicked(where string, value any, stack []byte) {
	line := fmt.Sprintf("fault: Spur failed at a %s and goes on with the others: %v", where, value)
	if v.log != nil {
		v.log.Error(line, "sub", "daemon", "err", fmt.Sprint(value), "stack", string(stack))
		return
	}
	v.say(slog.LevelError, timeline.Clean(line)+"\nPlease report it with what follows.\n"+strings.TrimSpace(string(stack)))
}

// storeTrouble says that something could not be written down.
func (v *notices) storeTrouble(err error) {
	v.say(slog.LevelWarn, fmt.Sprintf("warning: Spur will have forgotten something after a restart: %v", err), "sub", "store", "err", err)
}

// recordTrouble says that failed boots can't be kept. It is said once: they may be
// many.
func (v *notices) recordTrouble(err error) {
	v.say(slog.LevelWarn, fmt.Sprintf("warning: boots that fail can't be kept: %v; make room there, or name another folder with --record", err), "sub", "record", "err", err)
}

// malformedDHCP, like its kind, counts malformed packets, and shows them with --log json only:
// anybody on the wire can send as many as they like.
func (v *notices) malformedDHCP(iface string, from net.HardwareAddr, err error) {
	v.malformed.dhcp.Add(1)
	v.debug("malformed packet", "sub", "dhcp", "if", iface, "mac", from.String(), "err", err)
}

func (v *notices) malformedDHCP6(iface string, from netip.Addr, err error) {
	v.malformed.dhcp.Add(1)
	v.debug("malformed packet", "sub", "dhcp", "if", iface, "peer", from, "err", err)
}

func (v *notices) malformedTFTP(from netip.AddrPort, err error) {
	v.malformed.tftp.Add(1)
	v.debug("malformed packet", "sub", "tftp", "peer", from, "err", err)
}

func (v *notices) malformedHTTP(from netip.AddrPort) {
	v.malformed.http.Add(1)
	v.debug("malformed request", "sub", "http", "peer", from)
}

func (v *notices) httpLog(line string) { v.debug(line, "sub", "http") }

func (v *notices) debug(line string, facts ...any) {
	if v.log != nil {
		v.log.Debug(line, facts...)
	}
}

// end says what was counted, and leaves the terminal tidy.
func (v *notices) end(dropped uint64) {
	facts := []struct {
		count uint64
		what  string
	}{
		{v.malformed.dhcp.Load(), "malformed DHCP packets"},
		{v.malformed.tftp.Load(), "malformed TFTP packets"},
		{v.malformed.http.Load(), "malformed HTTP requests"},
		{dropped, "DHCP requests that came while too many were being answered"},
	}
	for _, f := range facts {
		if f.count > 0 {
			v.say(slog.LevelInfo, fmt.Sprintf("%d %s were dropped.", f.count, f.what), "sub", "daemon", "count", f.count)
		}
	}
	if left := v.troubles.rest(); left > 0 {
		v.leftOut(left)
	}
	v.passwordsLeftOut(v.passwords.rest())
	if v.terminal != nil {
		_ = v.terminal.Close()
	}
}
