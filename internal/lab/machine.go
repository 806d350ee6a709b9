package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Machine is a QEMU guest on the lab's wires. It is switched on from the
// moment Boot returns it until it powers off, Quit or Close of the lab.
type Machine struct {
	lab                 *Lab
	name                string
	hardware            Hardware
	process             *Process
	serial              *Console
	input               *os.File // our end of the serial line
	qmp                 *qmp
	announcementFilters []*announcementFilter
}

// Boot builds a machine and switches it on.
func (l *Lab) Boot(name string, hardware Hardware) (*Machine, error) {
	if err := l.take(name); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.machines++
	number := l.machines
	l.mu.Unlock()
	hardware, err := hardware.withDefaults(number)
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", name, err)
	}
	m := &Machine{lab: l, name: name, hardware: hardware, serial: newConsole("serial port of " + name)}
	if err := m.start(); err != nil {
		return nil, fmt.Errorf("machine %s: %w", name, err)
	}
	return m, nil
}

func (m *Machine) start() error {
	firmware, err := findFirmware(m.hardware.Firmware)
	if err != nil {
		return err
	}
	qemu, args, err := m.commandLine(firmware)
	if err != nil {
		return err
	}
	b := &qemuFDs{}
	defer b.close()
	input, control, err := b.consoles()
	if err != nil {
		return err
	}
	for i, port := range m.hardware.Ports {
		port.PlainROM = port.PlainROM || firmware.plain
		if err := m.plug(b, i, port, firmware.romfile || port.ROM); err != nil {
			return errors.Join(err, input.Close(), control.Close())
		}
	}
	cmd := exec.Command(qemu, append(args, b.args...)...)
	cmd.ExtraFiles = b.files
	m.input = input
	if err := m.listen(); err != nil {
		return errors.Join(err, input.Close(), control.Close())
	}
	m.process, err = m.lab.start(m.name, cmd)
	b.close() // or the end of QEMU would not end our lines to it
	if err != nil {
		return errors.Join(err, control.Close())
	}
	return m.greet(control)
}

// commandLine is QEMU's apart from cards and sockets.
func (m *Machine) commandLine(f firmware) (program string, args []string, err error) {
	platform, err := platformOf(f.arch)
	if err != nil {
		return "", nil, err
	}
	if program, err = platform.qemu.find(); err != nil {
		return "", nil, err
	}
	if args, err = f.arguments(m.lab.private, m.name); err != nil {
		return "", nil, err
	}
	board, err := m.hardware.board(platform)
	return program, append(args, board...), err
}

// greetWait is how long QEMU may take to answer on its control socket, on a
// busy computer.
const greetWait = 30 * time.Second

func (m *Machine) greet(control io.ReadWriteCloser) error {
	ctx, cancel := context.WithTimeout(context.Background(), greetWait)
	defer cancel()
	q, err := newQMP(ctx, control, m.event)
	if err != nil {
		_ = m.process.Stop()
		return fmt.Errorf("%w\n%s", err, indent(m.process.Tail(tailLines)))
	}
	m.qmp = q
	m.lab.onClose(func() error { q.close(); return nil })
	return nil
}

// event hears QEMU's events. A reset puts the machine back at its option ROM.
func (m *Machine) event(name string) {
	if name == "RESET" {
		for _, f := range m.announcementFilters {
			f.rearm()
		}
	}
}

// listen reads the serial port into the console and a log until QEMU hangs up.
func (m *Machine) listen() error {
	log, err := os.Create(filepath.Join(m.lab.dir, m.name+".serial.log"))
	if err != nil {
		return fmt.Errorf("log of the serial port: %w", err)
	}
	m.serial.CopyTo(log)
	var reading sync.WaitGroup
	reading.Go(func() {
		_, _ = io.Copy(m.serial, m.input)
		m.serial.close()
		_ = log.Close()
	})
	m.lab.onClose(func() error {
		_ = m.input.Close()
		reading.Wait()
		return nil
	})
	return nil
}

// plug adds a network card. Its frames go to a tap on the wire, directly or
// through a relay of ours when something is to happen to them.
func (m *Machine) plug(b *qemuFDs, number int, port Port, romfile bool) error {
	filters := port.Filters
	if port.PlainROM {
		f := &announcementFilter{}
		m.announcementFilters = append(m.announcementFilters, f)
		filters = append([]Filter{f}, filters...)
	}
	if port.Loss.Share > 0 {
		filters = append(filters[:len(filters):len(filters)], newLoss(port.Loss))
	}
	wire, err := port.Wire.tap()
	if err != nil {
		return err
	}
	id := fmt.Sprintf("net%d", number)
	if len(filters) == 0 {
		b.add(fmt.Sprintf("-netdev tap,id=%s,fd=%%d", id), wire.File)
	} else {
		ours, theirs, err := socketpair(unix.SOCK_DGRAM)
		if err != nil {
			return errors.Join(err, wire.Close())
		}
		b.add(fmt.Sprintf("-netdev dgram,id=%s,local.type=fd,local.str=%%d", id), theirs)
		m.lab.relay(ours, wire, filters...)
	}
	device := fmt.Sprintf("%s,netdev=%s,mac=%s", port.Model, id, port.MAC)
	if !romfile {
		device += ",romfile="
	}
	b.args = append(b.args, "-device", device)
	return nil
}

// Name is the name the machine was made with.
func (m *Machine) Name() string { return m.name }

// MAC is the address of the first network card.
func (m *Machine) MAC() net.HardwareAddr { return m.hardware.Ports[0].MAC }

// UUID is the machine's number in SMBIOS.
func (m *Machine) UUID() string { return m.hardware.UUID }

// Serial is what the machine wrote to its serial port.
func (m *Machine) Serial() *Console { return m.serial }

// WaitFor waits for text on the serial port; see Console.WaitFor.
func (m *Machine) WaitFor(ctx context.Context, pattern string) (Match, error) {
	match, err := m.serial.WaitFor(ctx, pattern)
	if err != nil && strings.TrimSpace(m.process.String()) != "" {
		err = fmt.Errorf("%w\nqemu says:\n%s", err, indent(m.process.Tail(tailLines)))
	}
	return match, err
}

// Write types on the serial port.
func (m *Machine) Write(p []byte) (int, error) { return m.input.Write(p) }

// Done is closed when the machine is off.
func (m *Machine) Done() <-chan struct{} { return m.process.Done() }

// Wait waits until the machine is off.
func (m *Machine) Wait(ctx context.Context) error { return m.process.Wait(ctx) }
