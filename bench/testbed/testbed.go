// Package testbed is what the benchmarks run on: two network namespaces joined by
// a veth pair, the servers in one and the clients in the other, so that nothing
// leaves this machine and nothing else is in the way.
//
// The addresses are of the range that is set aside for benchmarks (RFC 2544
// appendix C.2.2, RFC 6890).
package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spurboot/spur/internal/scratch"
)

// The wire between the two: addresses of RFC 2544's range for benchmarks.
const (
	ServerAddress = "198.18.0.1"
	ClientAddress = "198.18.0.2"

	// ServerHardware is the hardware address of ServerAddress.
	ServerHardware = "02:53:50:55:ff:01"

	// Device is the name of either end of the veth pair.
	Device = "veth0"

	// UsualMTU is that of Ethernet, in bytes; JumboMTU is what network cards
	// and switches take at most.
	UsualMTU = 1500
	JumboMTU = 9000

	// nice is how much is added to the niceness of what runs on a Testbed.
	nice = -10
)

// A Testbed is two joined namespaces, and a folder for what is served. Close
// removes them.
type Testbed struct {
	Dir  string // readable for everybody
	Self string // this program, to be started in a namespace as a role of itself

	folder           *scratch.Folder
	servers, clients string // names of the namespaces
}

// New makes a pair. Have signals cancel a context first (signal.NotifyContext),
// and end by returning, so that Close is called.
func New() (*Testbed, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces need root: run this as root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return nil, errors.New("ip is missing: install the package iproute2")
	}
	sweep()
	bed := &Testbed{servers: fmt.Sprintf("%s%ds", prefix, os.Getpid()), clients: fmt.Sprintf("%s%dc", prefix, os.Getpid())}
	if err := bed.prepare(); err != nil {
		bed.Close()
		return nil, err
	}
	return bed, nil
}

func (bed *Testbed) prepare() (err error) {
	if bed.Self, err = os.Executable(); err != nil {
		return err
	}
	if bed.folder, err = scratch.New("spur-bench-"); err != nil {
		return err
	}
	bed.Dir = bed.folder.Path()
	if err := os.Chmod(bed.Dir, 0o755); err != nil {
		return err
	}
	for _, line := range []string{
		"netns add " + bed.servers,
		"netns add " + bed.clients,
		"-n " + bed.servers + " link add " + Device + " address " + ServerHardware + " type veth peer name " + Device + " netns " + bed.clients,
		"-n " + bed.servers + " address add " + ServerAddress + "/16 dev " + Device,
		"-n " + bed.clients + " address add " + ClientAddress + "/16 dev " + Device,
		"-n " + bed.servers + " link set lo up",
		"-n " + bed.clients + " link set lo up",
		"-n " + bed.servers + " link set " + Device + " up",
		"-n " + bed.clients + " link set " + Device + " up",
	} {
		if err := ip(line, ""); err != nil {
			return err
		}
	}
	return nil
}

// Close removes the folder and the namespaces, and with them the veth pair.
func (bed *Testbed) Close() {
	if bed.folder != nil {
		_ = bed.folder.Close()
	}
	for _, ns := range []string{bed.servers, bed.clients} {
		_ = exec.Command("ip", "netns", "delete", ns).Run() // it may not have been made
	}
}

// SetMTU sets the largest packet of both ends, in bytes.
func (bed *Testbed) SetMTU(mtu int) error {
	for _, ns := range []string{bed.servers, bed.clients} {
		if err := ip(fmt.Sprintf("-n %s link set %s mtu %d", ns, Device, mtu), ""); err != nil {
			return err
		}
	}
	return nil
}

// OnServers is a program in the servers' namespace, which ends with ctx.
func (bed *Testbed) OnServers(ctx context.Context, program string, args ...string) *exec.Cmd {
	return command(ctx, bed.servers, program, args)
}

// OnClients is a program in the clients' namespace, which ends with ctx.
func (bed *Testbed) OnClients(ctx context.Context, program string, args ...string) *exec.Cmd {
	return command(ctx, bed.clients, program, args)
}

// command leads a process group of its own: a signal from the terminal does not
// reach it before this program has seen it, and what it has forked ends with
// it. ip and nice replace themselves by the program.
//
// It goes first where others want the cores too: what they take is lost to a
// server that could use all cores, and not to one that uses one.
func command(ctx context.Context, ns, program string, args []string) *exec.Cmd {
	c := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns, "nice", "-n", strconv.Itoa(nice), program}, args...)...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = 3 * time.Second
	return c
}

const prefix = "spurbench"

// sweep removes the namespaces of benchmarks that were killed.
func sweep() {
	out, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		return // New will meet the same error, and tell it
	}
	for line := range strings.Lines(string(out)) {
		ns, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest, ours := strings.CutPrefix(ns, prefix)
		pid, err := strconv.Atoi(strings.TrimRight(rest, "sc"))
		if ours && err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = exec.Command("ip", "netns", "delete", ns).Run()
		}
	}
}

// ip runs ip(8), on lines of input if there are any.
func ip(line, input string) error {
	c := exec.Command("ip", strings.Fields(line)...)
	c.Stdin = strings.NewReader(input)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", line, err, bytes.TrimSpace(out))
	}
	return nil
}

// WholeFrames has the servers' kernel cut what a server sends as one piece
// (segmentation offload) before it leaves, as it must for a network card that
// cannot: the clients see the frames that a wire would carry.
func (bed *Testbed) WholeFrames() error {
	return ip("-n "+bed.servers+" link set "+Device+" gso_max_segs 1", "")
}
