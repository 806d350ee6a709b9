package dhcp_test

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/dhcp"
)

// patience bounds every wait for another program. It is no expectation: tests
// wait for what happens, not for time.
const patience = 20 * time.Second

// host is a network namespace of its own, held by a process that sleeps; it
// ends with the test.
type host struct{ pid string }

func newHost(t testing.TB) host {
	t.Helper()
	cmd := exec.Command("sleep", "infinity")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("make a network namespace (needs root): %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	h := host{strconv.Itoa(cmd.Process.Pid)}
	h.sh(t, "ip link set lo up")
	return h
}

// command runs a program on the host.
func (h host) command(name string, args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", h.pid, "-n", name}, args...)...)
}

func (h host) sh(t testing.TB, script string) string {
	t.Helper()
	return output(t, h.command("sh", "-ec", script))
}

func sh(t testing.TB, script string) string {
	t.Helper()
	return output(t, exec.Command("sh", "-ec", script))
}

func output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

// tool says which package a test lacks.
func tool(t testing.TB, name, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("this test needs %s: apt-get install %s", name, pkg)
	}
}

// launch runs a program until the test ends.
func launch(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd}
	cmd.Stdout, cmd.Stderr = p, p
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", cmd.Args, p)
		}
	})
	return p
}

// process is a program that runs, with its output so far.
type process struct {
	cmd *exec.Cmd
	mu  sync.Mutex
	b   bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *process) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

func (p *process) says(t testing.TB, what string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s says %q", p.cmd.Path, what), func() bool { return strings.Contains(p.String(), what) })
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it didn't happen that %s", what)
		}
	}
}

// connect joins this host, as 192.0.2.1, and another by a wire.
func connect(t testing.TB, h host) dhcp.Interface {
	t.Helper()
	sh(t, "ip link add spur0 type veth peer name eth0 netns "+h.pid+
		"; ip addr add 192.0.2.1/24 dev spur0; ip link set spur0 up")
	t.Cleanup(func() { sh(t, "ip link del spur0") })
	h.sh(t, "ip link set eth0 up")
	return lookup(t, "spur0")[0]
}

func lookup(t testing.TB, names ...string) []dhcp.Interface {
	t.Helper()
	all, err := dhcp.Interfaces(names)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// handled is a request with what a server made of it.
type handled struct {
	dhcp.Packet
	dhcp.Outcome
}

// site is a listener with a server behind it that can be replaced.
type site struct {
	*dhcp.Listener
	mu     sync.Mutex
	server *dhcp.Server
	log    []handled
}

// listen opens a listener; a nil server only listens.
func listen(t testing.TB, s *dhcp.Server, on ...dhcp.Interface) *site {
	t.Helper()
	l, err := dhcp.Listen(on, dhcp.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	site := &site{Listener: l, server: s}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, func(p dhcp.Packet) { site.handle(t, p) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return site
}

func (s *site) handle(t testing.TB, p dhcp.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := handled{Packet: p}
	if s.server != nil {
		reply, out := s.server.Handle(p.Time, p)
		h.Outcome = out
		if reply != nil {
			if err := s.Send(p, reply); err != nil {
				t.Errorf("send: %v", err)
			}
		}
	}
	s.log = append(s.log, h)
}

func (s *site) replace(server *dhcp.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = server
}

func (s *site) seen() []handled {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]handled{}, s.log...)
}

// did waits until the server has taken that many steps, and returns the last.
func (s *site) did(t testing.TB, step dhcp.Step, times int) handled {
	t.Helper()
	var last handled
	eventually(t, fmt.Sprintf("the server did %d times %s", times, step), func() bool {
		n := 0
		for _, h := range s.seen() {
			if h.Step == step {
				n, last = n+1, h
			}
		}
		return n >= times
	})
	return last
}
