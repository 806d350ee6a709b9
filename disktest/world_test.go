package disktest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/scratch"
)

// built is what all tests use.
var built struct {
	spur       string // the binary
	openwithin string
	nbdAttach  string // the contents of the program of that name
}

func TestMain(m *testing.M) {
	folder, err := scratch.New("spur-disktest-")
	if err == nil {
		// Some tests run it as other users.
		err = os.Chmod(folder.Path(), 0o755)
	}
	if err == nil {
		err = build(folder.Path())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "disktest:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = folder.Close()
	os.Exit(code)
}

func build(dir string) error {
	built.spur, built.openwithin = filepath.Join(dir, "spur"), filepath.Join(dir, "openwithin")
	nbdAttach := filepath.Join(dir, "nbdattach")
	for path, pkg := range map[string]string{built.spur: "cmd/spur", built.openwithin: "internal/sandbox/sandboxtest/openwithin", nbdAttach: "disktest/nbdattach"} {
		cmd := exec.Command("go", "build", "-o", path, "github.com/spurboot/spur/"+pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	program, err := os.ReadFile(nbdAttach)
	built.nbdAttach = string(program)
	return err
}

// patience bounds each test.
const patience = 6 * time.Minute

const targetAddr = "10.77.0.1"

// world is a lab with one wire and the target's host on it, which gives
// addresses, too.
type world struct {
	*testing.T
	ctx    context.Context
	lab    *lab.Lab
	wire   *lab.Wire
	host   *lab.Host
	random *rand.Rand
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, 1500)
}

// newWorldWith is newWorld with a wire of an MTU, in bytes.
func newWorldWith(t *testing.T, mtu int) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	l, err := lab.New(ctx, lab.Options{Dir: os.Getenv("SPUR_TEST_KEEP")})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w := &world{T: t, ctx: ctx, lab: l, random: rand.New(rand.NewPCG(seed, 0))}
	w.wire, err = l.Wire("wire")
	w.check(err)
	w.wire.SetMTU(mtu)
	w.host, err = l.Host("target", lab.On(w.wire, targetAddr+"/24"))
	w.check(err)
	w.check(w.host.Command(ctx, "ip", "link", "set", "eth0", "mtu", strconv.Itoa(mtu)).Run())
	_, err = lab.DNSMasq{Host: w.host, Range: "10.77.0.50,10.77.0.99,1h"}.Start(ctx)
	w.check(err)
	return w
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) run(name string, args ...string) {
	w.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		w.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// waitFor waits for words of a machine, and returns them.
func (w *world) waitFor(m *lab.Machine, pattern string) string {
	w.Helper()
	said, err := m.WaitFor(w.ctx, "("+pattern+")")
	if err != nil {
		w.Fatal(err)
	}
	return strings.TrimSpace(said.Groups[0])
}

// pause lets up to so long pass, a random time: at which moment of a write the
// target ends is not for the test to choose.
func (w *world) pause(most time.Duration) {
	time.Sleep(time.Duration(w.random.Int64N(int64(most))))
}

// well waits until a machine's script is over, and ends the machine.
func (w *world) well(guest *lab.Machine) {
	w.Helper()
	if said := w.waitFor(guest, "DISK-IS-WELL|DISK-FAILED.*"); said != "DISK-IS-WELL" {
		w.Fatalf("%s\n%s", said, guest.Serial().Tail(30))
	}
	w.check(guest.Quit())
}

// A disk is an image that is served, by itself or with others.
type disk struct {
	*world
	path    string
	overlay string // "" where the image itself is written
}

// image makes a disk with an ext4 on it: raw, or a qcow2 overlay of one.
func (w *world) image(kind string) *disk {
	w.Helper()
	d := &disk{world: w, path: filepath.Join(w.TempDir(), "disk.img")}
	w.run("truncate", "-s", "64M", d.path)
	w.run("mkfs.ext4", "-q", d.path)
	if kind == "overlay" {
		d.overlay = filepath.Join(w.TempDir(), "overlay.qcow2")
	}
	return d
}

// sound checks what the target has left.
func (d *disk) sound() {
	d.Helper()
	path := d.path
	if d.overlay != "" {
		d.run("qemu-img", "check", d.overlay)
		path += ".flat"
		d.run("qemu-img", "convert", "-O", "raw", d.overlay, path)
	}
	d.run("e2fsck", "-fn", path)
}

// A target is a running `spur disk serve`.
type target struct {
	*world
	process *lab.Process
}

// serve starts a target and waits until it serves all.
func (w *world) serve(via driver, disks ...*disk) *target {
	w.Helper()
	t := w.start(via, disks...)
	var place int64
	for range disks {
		said, err := t.process.WaitAfter(w.ctx, place, "Spur serves")
		w.check(err)
		place = said.End
	}
	return t
}

// start starts a target.
func (w *world) start(via driver, disks ...*disk) *target {
	w.Helper()
	args := append([]string{"disk", "serve"}, via.serve...)
	for _, d := range disks {
		args = append(args, d.path)
		if d.overlay != "" {
			args = append(args, "--overlay", d.overlay)
		}
	}
	p, err := w.host.Start(built.spur, args...)
	w.check(err)
	return &target{w, p}
}

// kill gives the target no time to do anything.
func (t *target) kill() {
	t.Helper()
	t.check(syscall.Kill(t.process.PID(), syscall.SIGKILL))
	<-t.process.Done()
}

// end asks the target to end, which it does in good order.
func (t *target) end() {
	t.Helper()
	t.check(syscall.Kill(t.process.PID(), syscall.SIGTERM))
	t.check(t.process.Wait(t.ctx))
}
