package boottest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/sandbox/sandboxtest"
)

// What a Spur that root started may still do while it serves, seen from
// outside: docs/security.md has the list.
func TestConfined(t *testing.T) {
	for _, mode := range []struct {
		name  string
		perm  os.FileMode
		args  []string
		caps  string // CAP_DAC_READ_SEARCH is 4, CAP_NET_BIND_SERVICE 400, CAP_NET_RAW 2000
		group string
	}{
		{"proxy, open files", 0o644, nil, "2400", "nogroup"},
		{"proxy, files of root's", 0o600, nil, "2404", "nogroup"},
		{"files only", 0o644, []string{"--dhcp", "off"}, "0", "nogroup"},
		{"files only, of root's", 0o600, []string{"--dhcp", "off"}, "4", "nogroup"},
	} {
		t.Run(mode.name, func(t *testing.T) {
			w := newWorldAlone(t)
			dir := shared(t)
			kernel := copied(t, built.kernel, filepath.Join(dir, "boot", "vmlinuz"), mode.perm)
			outside := copied(t, built.note, filepath.Join(dir, "outside"), 0o644)
			data := filepath.Join(dir, "data")
			if err := os.Symlink(outside, filepath.Join(dir, "boot", "link")); err != nil {
				t.Fatal(err)
			}
			spur := w.spur(append([]string{"boot", kernel, "--data", data}, mode.args...)...)
			sandboxtest.Confined(t, spur.PID(), mode.caps)
			sandboxtest.Opens(t, built.openwithin, spur.PID(), map[string]string{
				kernel:                             "opened",
				"/etc/hosts":                       "opened",
				outside:                            sandboxtest.Denied,
				filepath.Join(dir, "boot", "link"): sandboxtest.Denied,
				"/etc/shadow":                      sandboxtest.Denied,
				"/etc/passwd":                      sandboxtest.Denied,
				"/proc/1/environ":                  sandboxtest.Denied,
				built.spur:                         sandboxtest.Denied,
			})
			if len(mode.args) > 0 {
				w.fetchesWhole(kernel)
				replace(t, kernel, "replaced while it is served", mode.perm)
				w.fetches(kernel, "replaced while it is served")
			}
			w.check(spur.Stop())
		})
	}
}

// Behind a boot API it is the folders that --allow-files names which can be
// read, files of root's among them, and none where it names none.
func TestConfinedAPI(t *testing.T) {
	w := newWorldAlone(t)
	dir := shared(t)
	kernel := copied(t, built.kernel, filepath.Join(dir, "boot", "vmlinuz"), 0o600)
	outside := copied(t, built.note, filepath.Join(dir, "outside"), 0o644)
	spur := w.spur("api", "http://127.0.0.1:1", "--allow-files", filepath.Dir(kernel))
	sandboxtest.Confined(t, spur.PID(), "2404")
	sandboxtest.Opens(t, built.openwithin, spur.PID(), map[string]string{kernel: "opened", outside: sandboxtest.Denied, "/etc/shadow": sandboxtest.Denied})
	w.check(spur.Stop())
	spur = w.spur("api", "http://127.0.0.1:1")
	sandboxtest.Confined(t, spur.PID(), "2400")
	sandboxtest.Opens(t, built.openwithin, spur.PID(), map[string]string{kernel: sandboxtest.Denied, outside: sandboxtest.Denied, "/etc/hosts": "opened"})
	w.check(spur.Stop())
}

// A Spur that is not root any more leaves no temporary folder behind: it removes
// its own, and that of one that was killed.
func TestConfinedLeavesNothing(t *testing.T) {
	w := newWorldAlone(t)
	temp := shared(t)
	w.check(os.Chmod(temp, 0o1777))
	start := func() *lab.Process {
		p, err := w.home.Start("env", "TMPDIR="+temp, built.spur, "boot", built.kernel, "--log", "json")
		w.check(err)
		_, err = p.WaitFor(w.ctx, `"step":"ready"`)
		w.check(err)
		return p
	}
	left := func() []string {
		folders, err := filepath.Glob(filepath.Join(temp, "spur-*"))
		w.check(err)
		return folders
	}
	killed := start()
	w.check(syscall.Kill(killed.PID(), syscall.SIGKILL))
	_ = killed.Wait(w.ctx)
	if len(left()) != 1 {
		t.Fatalf("it left %v", left())
	}
	next := start()
	if len(left()) != 1 {
		t.Errorf("beside its own folder there is that of the one that was killed: %v", left())
	}
	w.check(next.Stop())
	if len(left()) != 0 {
		t.Errorf("it left %v", left())
	}
}

// shared is a folder that every user may pass through.
func shared(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Mkdir(filepath.Join(dir, "boot"), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copied(t *testing.T, from, to string, perm os.FileMode) string {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, perm); err != nil {
		t.Fatal(err)
	}
	return to
}

// replace puts another file in the place of one, as editors and package
// managers do.
func replace(t *testing.T, path, text string, perm os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path+".new", []byte(text), perm), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

// fetchesWhole fetches the kernel as a machine that somebody else's DHCP
// server sends here does, and compares.
func (w *world) fetchesWhole(kernel string) {
	w.Helper()
	text, err := os.ReadFile(kernel)
	w.check(err)
	w.fetches(kernel, string(text))
}

func (w *world) fetches(kernel, want string) {
	w.Helper()
	fetch := func(url string) string {
		ctx, cancel := context.WithTimeout(w.ctx, patience)
		defer cancel()
		out, err := w.home.Command(ctx, "curl", "-sf", url).Output()
		w.check(err)
		return string(out)
	}
	script := fetch("http://" + homeAddr + "/boot.ipxe?mac=52:54:00:77:00:99&platform=pcbios&buildarch=i386")
	at := regexp.MustCompile(`(?m)^kernel.* (http://\S+/` + filepath.Base(kernel) + `)`).FindStringSubmatch(script)
	if at == nil {
		w.Fatalf("no kernel in the script:\n%s", script)
	}
	if got := fetch(at[1]); got != want {
		w.Errorf("%s has %d bytes, want %d", at[1], len(got), len(want))
	}
}
