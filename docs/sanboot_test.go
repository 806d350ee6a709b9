package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

// bootSector is a disk's first sector: it prints that it runs, and gives the
// machine back to who booted it (INT 18h).
func bootSector() []byte {
	const message = "SPUR-SECTOR-RUNS\r\n"
	sector := make([]byte, 512)
	copy(sector, []byte{
		0x31, 0xc0, 0x8e, 0xd8, // xor ax, ax; mov ds, ax
		0xbe, 0x16, 0x7c, // mov si, message
		0xac, 0x84, 0xc0, 0x74, 0x06, // next: lodsb; test al, al; jz end
		0xb4, 0x0e, 0xcd, 0x10, 0xeb, 0xf5, // mov ah, 14; int 10h; jmp next
		0xcd, 0x18, 0xeb, 0xfe, // end: int 18h; jmp $
	})
	copy(sector[0x16:], message)
	sector[510], sector[511] = 0x55, 0xaa
	return sector
}

// TestSanboot boots a machine once whose iPXE runs every documented sanboot,
// one after the other.
func TestSanboot(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	l, err := lab.New(ctx, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	lines, err := writeSanboots(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := sanbootMachine(ctx, l, dir)
	if err != nil {
		t.Fatal(err)
	}
	for n, line := range lines {
		found, err := m.WaitFor(ctx, fmt.Sprintf(`(?s)BEGIN-%d(.*?)END-%d`, n, n))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if !strings.Contains(found.Groups[0], "SPUR-SECTOR-RUNS") {
			t.Errorf("%s doesn't boot:\n%s", line, found.Groups[0])
		}
	}
}

// writeSanboots writes a disk and a script with every documented sanboot.
func writeSanboots(dir string) ([]string, error) {
	raw, disk := filepath.Join(dir, "raw"), filepath.Join(dir, "disk.qcow2")
	if err := errors.Join(os.WriteFile(raw, bootSector(), 0o644), os.Truncate(raw, 8<<20)); err != nil {
		return nil, err
	}
	if out, err := exec.Command(built.spur, "disk", "convert", raw, disk).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	script := "#!ipxe\n"
	var lines []string
	for _, c := range commands() {
		if !c.ipxe {
			continue
		}
		text := c.line
		if c.as != "" {
			text = c.as
		}
		script += fmt.Sprintf("echo BEGIN-%d\n%s ||\necho END-%d\n", len(lines), text, len(lines))
		lines = append(lines, c.line)
	}
	return lines, os.WriteFile(filepath.Join(dir, "script.ipxe"), []byte(script+"poweroff\n"), 0o644)
}

// sanbootMachine serves the disk in every way, and switches a machine on.
func sanbootMachine(ctx context.Context, l *lab.Lab, dir string) (*lab.Machine, error) {
	wire, err := l.Wire("wire")
	if err != nil {
		return nil, err
	}
	if err := wire.Router(); err != nil {
		return nil, err
	}
	home, err := l.Host("spur", lab.On(wire, "192.0.2.1/24"))
	if err != nil {
		return nil, err
	}
	disk := filepath.Join(dir, "disk.qcow2")
	for _, flags := range []string{"--over iscsi --listen 192.0.2.1:3260", "--over aoe --interface eth0 --shelf 1 --slot 2", "--over http --listen 192.0.2.1:8080"} {
		p, err := home.Start(built.spur, append([]string{"disk", "serve", disk, "--read-only"}, strings.Fields(flags)...)...)
		if err == nil {
			_, err = p.WaitFor(ctx, serving)
		}
		if err != nil {
			return nil, err
		}
	}
	p, err := home.Start(built.spur, "boot", filepath.Join(dir, "script.ipxe"), "--dhcp", "server", "--pool", "192.0.2.50-192.0.2.99")
	if err == nil {
		_, err = p.WaitFor(ctx, booting)
	}
	if err != nil {
		return nil, err
	}
	return l.Boot("machine", lab.Hardware{Firmware: lab.BIOS, Ports: []lab.Port{{Wire: wire}}})
}
