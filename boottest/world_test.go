package boottest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/scratch"
)

// built is what all tests boot with: the binary, a kernel, three initrds and a
// file that a command line refers to; and openwithin, a tool.
var built struct {
	spur, openwithin, kernel, initrd, extra1, extra2, note string
}

func TestMain(m *testing.M) {
	folder, err := scratch.New("spur-boottest-")
	if err == nil {
		err = build(folder.Path())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "boottest:", err)
		os.Exit(1)
	}
	code := max(m.Run(), everyRouteBooted())
	costs.print(os.Stdout)
	_ = folder.Close()
	os.Exit(code)
}

// taken notes the routes that machines were offered in boots that came up.
var taken sync.Map

// unbooted are the routes that no machine can take here, with the reason.
var unbooted = map[string]string{
	"uefi-loong64-ipxe": "Debian has no kernel for LoongArch",
	"bios-grub-legacy":  "Debian has GRUB 0.97 without its network builds; TestGRUBLegacy does what it does",
	"apple-netboot":     noMac,
	"apple-snponly":     noMac,
	"apple-efi":         noMac,
	"uefi-x64-direct":   "a machine comes to it once other loaders have failed; the shape that it asks for boots in TestNeverAsksOn4011",
}

const noMac = "no Mac's firmware can be emulated; in mac_test.go a simulated one goes all the way to the last file"

// everyRouteBooted checks, when all tests ran, that no row of the route table
// promises a boot that no machine has made.
func everyRouteBooted() int {
	if flag.Lookup("test.run").Value.String() != "" {
		return 0
	}
	code := 0
	for _, row := range route.Entries() {
		if _, ok := taken.Load(row.Name); !ok && unbooted[row.Name] == "" {
			fmt.Fprintf(os.Stderr, "boottest: no machine booted by the route %s\n", row.Name)
			code = 1
		}
	}
	return code
}

func build(dir string) (err error) {
	in := func(name string) string { return filepath.Join(dir, name) }
	built.spur, built.openwithin = in("spur"), in("openwithin")
	build := exec.Command("go", "build", "-o", dir, "github.com/spurboot/spur/cmd/spur", "github.com/spurboot/spur/internal/sandbox/sandboxtest/openwithin")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the Makefile does: a static program
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build spur: %w\n%s", err, out)
	}
	if built.kernel, err = lab.Kernel(); err != nil {
		return err
	}
	built.initrd, built.extra1, built.extra2, built.note = in("initrd.gz"), in("extra1.gz"), in("extra2.gz"), in("note.txt")
	if err := lab.Initramfs(built.initrd, lab.InitramfsOptions{}); err != nil {
		return err
	}
	if err := lab.ExtraInitramfs(built.extra1, map[string]string{"extra/one": "1"}); err != nil {
		return err
	}
	if err := lab.ExtraInitramfs(built.extra2, map[string]string{"extra/two": "22"}); err != nil {
		return err
	}
	return os.WriteFile(built.note, []byte("a note"), 0o644)
}

// patience bounds each test. A boot takes half a minute alone on two cores,
// and several times that beside others or over a bad wire.
const patience = 8 * time.Minute

// world is a lab with one wire and Spur's host on it.
type world struct {
	*testing.T
	ctx  context.Context
	lab  *lab.Lab
	wire *lab.Wire
	home *lab.Host // Spur's
}

const (
	homeAddr  = "10.77.0.1"
	dhcpAddr  = "10.77.0.2"
	dhcpRange = "10.77.0.50,10.77.0.99,1h"
)

// newWorld is the lab of a test that goes on beside others: a machine keeps one
// core busy.
func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return newWorldAlone(t)
}

// newWorldAlone is the lab of a test that looks at what is this computer's, or
// measures.
func newWorldAlone(t *testing.T) *world {
	t.Helper()
	w := newWire(t)
	w.check(w.wire.Router())
	w.home = w.otherHost("spur", homeAddr)
	return w
}

// newWire is a lab with a wire and nobody on it.
func newWire(t *testing.T) *world {
	t.Helper()
	t.TempDir() // the first call has it removed last: after the lab's end, whose processes write into it
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	cost := &cost{test: t.Name(), began: time.Now()}
	l, err := lab.New(ctx, lab.Options{Dir: os.Getenv("SPUR_TEST_KEEP"), Ended: cost.add})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		t.Log(costs.add(cost))
	})
	w := &world{T: t, ctx: ctx, lab: l}
	w.wire, err = l.Wire("wire")
	w.check(err)
	return w
}

// check ends the test on an error.
func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// foreignDHCP starts dnsmasq, which knows nothing of booting, on a host.
func (w *world) foreignDHCP(h *lab.Host) *lab.Process {
	w.Helper()
	p, err := lab.DNSMasq{Host: h, Range: dhcpRange}.Start(w.ctx)
	w.check(err)
	return p
}

// otherHost is one more computer on the wire.
func (w *world) otherHost(name, addr string) *lab.Host {
	w.Helper()
	h, err := w.lab.Host(name, lab.On(w.wire, addr+"/24"))
	w.check(err)
	return h
}

// spur starts the binary on its host and waits until it serves.
func (w *world) spur(args ...string) *lab.Process {
	w.Helper()
	return w.serving(built.spur, args...)
}

// serving starts a program that becomes Spur, and waits until it serves.
func (w *world) serving(program string, args ...string) *lab.Process {
	w.Helper()
	p, err := w.home.Start(program, append(args, "--log", "json")...)
	w.check(err)
	_, err = p.WaitFor(w.ctx, `"step":"ready"`)
	w.check(err)
	return p
}

// cmdline is what the tests boot with: the serial console, a file of Spur's,
// and the beacon.
// no_timer_check: on a busy computer the emulated timer comes too late for the
// kernel's test of it, which then panics ("IO-APIC + timer doesn't work").
const cmdline = `console=ttyS0 spur.note={{ ID "NOTE" }} spur.up={{ UP }} no_timer_check`

// boot starts `spur boot` with the kernel and three initrds.
func (w *world) boot(args ...string) *lab.Process {
	w.Helper()
	return w.spur(append(bootLine(), args...)...)
}

// bootWithout does so on a host where a folder is empty.
func (w *world) bootWithout(folder string, args ...string) *lab.Process {
	w.Helper()
	return w.spurWithout(folder, append(bootLine(), args...)...)
}

// spurWithout starts the binary on a host where a folder is empty.
func (w *world) spurWithout(folder string, args ...string) *lab.Process {
	w.Helper()
	line := []string{"-m", "sh", "-c", `mount -t tmpfs none "$1" && shift && exec "$@"`, "sh", folder, built.spur}
	return w.serving("unshare", append(line, args...)...)
}

func bootLine() []string {
	return []string{"boot", built.kernel, built.initrd, built.extra1, built.extra2,
		"--cmdline", strings.Replace(cmdline, "NOTE", built.note, 1)}
}

// machine builds a machine on the wire and switches it on.
func (w *world) machine(name string, f lab.Firmware, port lab.Port) *lab.Machine {
	w.Helper()
	port.Wire = w.wire
	m, err := w.lab.Boot(name, lab.Hardware{Firmware: f, Ports: []lab.Port{port}})
	w.check(err)
	return m
}

// up waits until a machine has said that it is up, with everything that it
// was to be given, and until Spur has told so.
func (w *world) up(m *lab.Machine, spur *lab.Process) {
	w.Helper()
	at, err := m.WaitFor(w.ctx, lab.Up)
	if err != nil {
		w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
	if files := at.Groups[1]; files != "/extra/one /extra/two" {
		w.Errorf("%s has the files [%s]: the initrds were not merged", m.Name(), files)
	}
	if line := at.Groups[0]; !regexp.MustCompile(`console=tty\w+ spur\.note=http://10\.77\.\S+/note\.txt spur\.up=http://10\.77\.\S+/up`).MatchString(line) {
		w.Errorf("%s has the command line %q", m.Name(), line)
	}
	if _, err := m.WaitFor(w.ctx, lab.Fetched); err != nil {
		w.Error(err)
	}
	w.told(spur, m, `"step":"up"`)
}

// told waits for a record of Spur's about a machine.
func (w *world) told(spur *lab.Process, m *lab.Machine, pattern string) {
	w.Helper()
	w.toldOf(spur, m.MAC().String(), pattern)
}

// toldOf is told of a machine with that address.
func (w *world) toldOf(spur *lab.Process, mac, pattern string) {
	w.Helper()
	if _, err := spur.WaitFor(w.ctx, `(?m)^.*`+regexp.QuoteMeta(mac)+`.*`+pattern+`.*$`); err != nil {
		w.Fatal(err)
	}
}

// took checks that Spur offered these routes to a machine, in this order.
func (w *world) took(spur *lab.Process, m *lab.Machine, routes ...string) {
	w.Helper()
	var got []string
	for line := range strings.Lines(spur.String()) {
		at := regexp.MustCompile(`"step":"offered".*"route":"([^"]+)"`).FindStringSubmatch(line)
		if at != nil && strings.Contains(line, m.MAC().String()) && (len(got) == 0 || got[len(got)-1] != at[1]) {
			got = append(got, at[1])
		}
	}
	if strings.Join(got, " ") != strings.Join(routes, " ") {
		w.Errorf("%s was offered the routes %v, want %v\nSpur says:\n%s", m.Name(), got, routes, spur.Tail(60))
	}
	if w.Failed() {
		return
	}
	// The last two brought it up: the loader's, and the script's.
	for _, name := range got[max(0, len(got)-2):] {
		taken.Store(name, true)
	}
}
