package lab

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// leftovers are the namespaces, folders and processes of a lab.
func leftovers(t *testing.T, mark string) []string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(netnsDir, mark+"-*"))
	if _, err := os.Stat(filepath.Join(os.TempDir(), mark)); err == nil {
		found = append(found, mark)
	}
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		env, err := os.ReadFile(path)
		if err == nil && hasMark(env, mark) {
			found = append(found, path)
		}
	}
	return found
}

func links(t *testing.T) string {
	t.Helper()
	var names []string
	for _, link := range must[[]netlink.Link](t)(netlink.LinkList()) {
		names = append(names, link.Attrs().Name)
	}
	return strings.Join(names, " ")
}

func TestCloseLeavesNothing(t *testing.T) {
	before := links(t)
	l := must[*Lab](t)(New(t.Context(), Options{}))
	if err := furnish(l); err != nil {
		t.Fatal(err)
	}
	if got := leftovers(t, l.mark); len(got) < 6 {
		t.Errorf("a furnished lab has only %q", got)
	}
	if got := links(t); got != before {
		t.Errorf("links outside: %s; before: %s", got, before)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if got := leftovers(t, l.mark); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
	if got := links(t); got != before {
		t.Errorf("links after: %s; before: %s", got, before)
	}
	if _, err := l.Wire("late"); err == nil {
		t.Error("a closed lab made a wire")
	}
}

func TestContextCloses(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := must[*Lab](t)(New(ctx, Options{}))
	if err := furnish(l); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := l.Close(); err != nil { // waits for the end that the context began
		t.Error(err)
	}
	if got := leftovers(t, l.mark); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

func TestCloseEndsCommands(t *testing.T) {
	ctx, l := start(t)
	h := host(t, l, "host", On(wire(t, l, "wire"), "10.77.0.1/24"))
	cmd := h.Command(ctx, "sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the command ended well")
	}
}

func TestKeptLogs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	l := must[*Lab](t)(New(t.Context(), Options{Dir: dir}))
	if err := furnish(l); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"wire.pcap", "machine.serial.log", "server-dnsmasq-2.log"} {
		if !isFile(filepath.Join(dir, name)) {
			t.Errorf("no %s", name)
		}
	}
}

// A process that is killed can't tidy up; the next lab does.
func TestCleanUpAfterKill(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimVar+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	mark, ok := strings.CutPrefix(strings.TrimSpace(line), "mark ")
	if err != nil || !ok {
		t.Fatalf("victim says %q, %v", line, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if got := leftovers(t, mark); len(got) == 0 {
		t.Error("a killed process leaves nothing: this test proves nothing")
	}
	if err := CleanUp(); err != nil {
		t.Error(err)
	}
	// Killed processes may take a moment to be gone.
	for wait := 0; len(leftovers(t, mark)) > 0; wait++ {
		if wait == 100 {
			t.Fatalf("left: %q", leftovers(t, mark))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestPidOf(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	tests := []struct {
		name, mark string
		pid        int
	}{
		{"spur-12-0-wire", "spur-12-0", 12},
		{"spur-12-3-a-b", "spur-12-3", 12},
		{"spur-" + self + "-1", "spur-" + self + "-1", os.Getpid()},
		{"spur-boottest-645617937", "", 0},
		{"spur-2619237295", "", 0},
		{"spur--1-0", "", 0},
		{"other-12-0", "", 0},
	}
	for _, test := range tests {
		if mark, pid, _ := pidOf(test.name); mark != test.mark || pid != test.pid {
			t.Errorf("%s: %q, %d", test.name, mark, pid)
		}
	}
	if gone(os.Getpid()) {
		t.Error("this process is gone")
	}
}
