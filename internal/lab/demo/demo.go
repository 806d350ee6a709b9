// Package demo lets somebody without hardware try what Spur does: one virtual
// machine on an isolated wire, a DHCP server that knows nothing of booting,
// and Spur beside it. Nothing of it touches the networks of the host.
//
// It is what `spur lab` and `make demo` run. Spur itself runs as a process of
// its own, the same binary, in a network namespace of the lab.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/lab"
)

// Demo is what to show.
type Demo struct {
	Spur     string   // path of the binary
	Target   []string // kernel and initrds; empty for a small Linux of the lab's own
	Extra    []string // further arguments of `spur boot`, which overrule the others
	Firmware string   // one of lab.Firmwares
	Memory   int      // MiB; 0 for the lab's default
	OwnDHCP  bool     // Spur gives the addresses, rather than dnsmasq
	Watch    bool     // restart the machine whenever Spur says that its target has changed
	Changed  string   // in what words Spur says that

	Display    string   // QEMU's display: "vnc", "gtk", "sdl"; empty for none
	Screenshot string   // PNG file that follows the screen; empty for none
	Keys       *os.File // typed on the machine's serial port; nil for none
	Serial     io.Writer
	Messages   io.Writer // gets Spur's messages

	// Expect is a regular expression that the machine must print on its
	// serial port within Timeout; empty where the machine may do as it likes
	// until it is switched off.
	Expect  string
	Timeout time.Duration
}

// The addresses of the isolated wire.
const (
	spurAddr = "10.77.0.1"
	dhcpAddr = "10.77.0.2"
)

// Run builds the lab, boots the machine in it, and takes all away again.
func (d Demo) Run(ctx context.Context) (err error) {
	if d.Keys != nil {
		d.Messages = crlf{d.Messages}
	}
	l, err := lab.New(ctx, lab.Options{})
	if err != nil {
		return needs(err)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	wire, err := l.Wire("wire")
	if err != nil {
		return err
	}
	// As on most networks: iPXE waits long for an IPv6 router that is not there.
	if err := wire.Router(); err != nil {
		return err
	}
	spur, err := d.serve(ctx, l, wire)
	if err != nil {
		return needs(err)
	}
	m, err := l.Boot("machine", lab.Hardware{
		Firmware: lab.Firmware(d.Firmware), Memory: d.Memory, Display: d.Display,
		Ports: []lab.Port{{Wire: wire}},
	})
	if err != nil {
		return needs(err)
	}
	if err := d.tellScreen(ctx, m); err != nil {
		return err
	}
	if !d.Watch {
		return d.show(ctx, m)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		restart(ctx, m, spur, regexp.QuoteMeta(d.Changed))
	}()
	err = d.show(ctx, m)
	cancel()
	<-ended
	return err
}

// restart restarts a machine whenever Spur says that what it boots has changed, until ctx
// ends, or the machine or Spur does.
func restart(ctx context.Context, m *lab.Machine, spur *lab.Process, changed string) {
	at, err := spur.WaitAfter(ctx, 0, changed)
	for err == nil && m.Reset(ctx) == nil {
		at, err = spur.WaitAfter(ctx, at.End, changed)
	}
}

// tellScreen says where the machine's screen can be seen.
func (d Demo) tellScreen(ctx context.Context, m *lab.Machine) error {
	if d.Display != "vnc" {
		return nil
	}
	addr, err := m.VNC(ctx)
	if err == nil {
		_, err = fmt.Fprintf(d.Messages, "The machine's screen is at vnc://%s.\n", addr)
	}
	return err
}

// serve starts the DHCP server and Spur.
func (d Demo) serve(ctx context.Context, l *lab.Lab, wire *lab.Wire) (*lab.Process, error) {
	if !d.OwnDHCP {
		other, err := l.Host("dhcp", lab.On(wire, dhcpAddr+"/24"))
		if err != nil {
			return nil, err
		}
		if _, err := (lab.DNSMasq{Host: other, Range: "10.77.0.50,10.77.0.99,1h"}).Start(ctx); err != nil {
			return nil, err
		}
	}
	home, err := l.Host("spur", lab.On(wire, spurAddr+"/24"))
	if err != nil {
		return nil, err
	}
	args, err := d.arguments(l.Dir())
	if err != nil {
		return nil, err
	}
	spur, err := home.Start(d.Spur, args...)
	if err != nil {
		return nil, err
	}
	messages := &delayedWriter{w: d.Messages}
	spur.CopyTo(messages)
	if _, err := spur.WaitFor(ctx, `Spur boots .*\n.*\n`); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, notStarted(spur.String())
	}
	return spur, messages.release()
}

// notStarted is the error of a Spur that ended at its start, in its own words.
func notStarted(words string) error {
	_, last, ok := strings.Cut("\n"+words, "\nspur: ")
	if !ok {
		return fmt.Errorf("spur did not start: %s", strings.TrimSpace(words))
	}
	what, remedy, _ := strings.Cut(last, "\n")
	return advice.Wrap(errors.New(what), strings.TrimSpace(remedy))
}

// arguments are those of `spur boot`.
func (d Demo) arguments(dir string) ([]string, error) {
	args := append([]string{"boot"}, d.Target...)
	if len(d.Target) == 0 {
		asks, err := lab.Firmware(d.Firmware).Asks()
		if err != nil {
			return nil, err
		}
		kernel, err := lab.KernelFor(asks.Arch)
		if err != nil {
			return nil, err
		}
		initrd := filepath.Join(dir, "initramfs.gz")
		if err := lab.Initramfs(initrd, lab.InitramfsOptions{Arch: asks.Arch}); err != nil {
			return nil, err
		}
		args = append(args, kernel, initrd, "--cmdline", "console="+lab.SerialPort(asks.Arch)+" quiet no_timer_check spur.up={{ UP }}")
	}
	if d.OwnDHCP {
		args = append(args, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99")
	}
	return append(args, d.Extra...), nil
}

// show shows the machine until it is off, or until it has printed what is
// expected of it.
func (d Demo) show(ctx context.Context, m *lab.Machine) error {
	view := lab.View{In: d.Keys, Out: d.Serial, Screenshot: d.Screenshot}
	if d.Expect == "" {
		return m.Show(ctx, view)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.Timeout, fmt.Errorf("it did not come within %s", d.Timeout))
	defer cancel()
	shown := make(chan error, 1)
	go func() {
		shown <- m.Show(ctx, view)
		cancel() // the machine is off, or the person has left it
	}()
	match, err := m.WaitFor(ctx, d.Expect)
	cancel()
	if err == nil {
		err = d.met(match)
	} else {
		err = advice.Wrap(err, "without --quiet, and with console=ttyS0 in --cmdline, all that it prints is shown")
	}
	return errors.Join(err, <-shown)
}

// met says on a line of its own that what was expected has come.
func (d Demo) met(match lab.Match) error {
	if d.Serial != nil {
		_, _ = io.WriteString(d.Serial, "\n") // the machine's line may have no end
	}
	_, err := fmt.Fprintf(d.Messages, "The machine has printed %q, as expected.\n", match.Text)
	return err
}

// needs gives the error of a lab that cannot be built its second line.
func needs(err error) error {
	var missing *lab.MissingError
	switch {
	case errors.As(err, &missing):
		return advice.Wrap(err, "install what the lab needs with: scripts/install demo; for other architectures: scripts/install test")
	case os.Geteuid() != 0:
		return advice.Wrap(err, "run it as root")
	}
	return err
}
