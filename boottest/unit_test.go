package boottest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/sandbox/sandboxtest"
)

const unit = "../systemd/spur.service"

// The unit leaves little to be exposed, by systemd's own measure.
func TestUnitExposure(t *testing.T) {
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", unit).CombinedOutput()
	at := regexp.MustCompile(`Overall exposure level for spur.service: ([0-9.]+)`).FindSubmatch(out)
	if at == nil {
		t.Fatalf("systemd-analyze: %v\n%s", err, out)
	}
	if score, err := strconv.ParseFloat(string(at[1]), 64); err != nil || score > 3 {
		t.Errorf("exposure level %s, want 3.0 at most\n%s", at[1], out)
	}
}

// systemd runs the unit, a machine boots from it, and Spur can do no more than
// that takes.
func TestUnit(t *testing.T) {
	w := newWorldAlone(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	script, err1 := filepath.Abs("unit.sh")
	service, err2 := filepath.Abs(unit)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	mark := fmt.Sprintf("mark=%d.%d", os.Getpid(), time.Now().UnixNano())
	c := exec.CommandContext(w.ctx, "unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child", "sh", script,
		t.TempDir(), "/run/netns/"+w.home.Namespace(), built.spur, service, built.kernel, built.initrd,
		"--cmdline", "console=ttyS0,"+mark+",spur.up={{UP}}", "--log", "json")
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	console := &strings.Builder{}
	c.Stdout, c.Stderr = console, console
	runtime.LockOSThread() // whose end would be the container's
	w.check(c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Log(console)
		}
	})
	pid := waitForProcess(t, mark)
	var said string
	for started := time.Now(); !strings.Contains(said, `"step":"ready"`); time.Sleep(100 * time.Millisecond) {
		if said = journal(pid); time.Since(started) > time.Minute {
			t.Fatalf("Spur is not ready:\n%s", said)
		}
	}
	if !regexp.MustCompile(`"landlock":[1-9]`).MatchString(said) {
		t.Errorf("without Landlock:\n%s", said)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	w.check(err)
	for _, want := range []string{`Uid:\t6\d{4}\t`, `CapPrm:\t0000000000002400`, `CapEff:\t0000000000002400`, `NoNewPrivs:\t1`, `Seccomp:\t2`} {
		if !regexp.MustCompile(want).Match(status) {
			t.Errorf("no %s in\n%s", want, status)
		}
	}
	sandboxtest.Opens(t, built.openwithin, pid, map[string]string{
		"/srv/boot/vmlinuz":    "opened",
		"/etc/shadow":          sandboxtest.Denied,
		"/etc/default/spur":    sandboxtest.Denied,
		"/usr/bin/env":         sandboxtest.Denied,
		"/proc/self/environ":   sandboxtest.Denied,
		"/var/lib/dpkg/status": sandboxtest.Denied,
	})
	m := w.machine("machine", lab.BIOS, lab.Port{})
	if _, err := m.WaitFor(w.ctx, lab.Up); err != nil {
		t.Fatalf("%v\n%s", err, journal(pid))
	}
}

// journal is what systemd's journal has of the unit.
func journal(pid int) string {
	out, _ := exec.Command("nsenter", "-t", strconv.Itoa(pid), "-m", "-r", "journalctl", "--no-pager", "-u", "spur").CombinedOutput()
	return string(out)
}

// waitForProcess finds the Spur with a mark on its command line.
func waitForProcess(t *testing.T, mark string) int {
	t.Helper()
	for started := time.Now(); time.Since(started) < time.Minute; time.Sleep(100 * time.Millisecond) {
		all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, file := range all {
			text, _ := os.ReadFile(file)
			if strings.HasPrefix(string(text), "/usr/local/bin/spur\x00") && strings.Contains(string(text), mark) {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
				return pid
			}
		}
	}
	t.Fatal("systemd did not start Spur")
	return 0
}
