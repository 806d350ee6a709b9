package disktest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/sandbox/sandboxtest"
)

// A Spur that root started serves a disk of root's as an ordinary user who can
// open no file, and leaves no journal when it ends.
func TestConfined(t *testing.T) {
	for _, over := range []struct {
		protocol, where, uri string
		caps                 string // CAP_DAC_OVERRIDE, for a journal in a folder of root's, is 2
	}{
		{"nbd", "--listen=10.77.0.1:10809", "nbd://10.77.0.1/disk.qcow2", "2"},
		{"iscsi", "--listen=10.77.0.1:3260", "", "2"},
		{"aoe", "--interface=eth0", "", "2"},
		{"http", "--listen=10.77.0.1:8080", "", "0"},
	} {
		t.Run(over.protocol, func(t *testing.T) {
			w := newWorld(t)
			dir := t.TempDir()
			image := filepath.Join(dir, "disk.qcow2")
			w.run(built.spur, "disk", "create", image, "16M")
			w.check(os.Chmod(image, 0o600))
			args := []string{"disk", "serve", image, "--over", over.protocol, over.where}
			spur, err := w.host.Start(built.spur, args...)
			w.check(err)
			_, err = spur.WaitFor(w.ctx, `disk.qcow2 \(qcow2`)
			w.check(err)
			sandboxtest.Confined(t, spur.PID(), over.caps)
			sandboxtest.Opens(t, built.openwithin, spur.PID(), map[string]string{image: sandboxtest.Denied,
				"/etc/shadow": sandboxtest.Denied, "/etc/passwd": sandboxtest.Denied, built.spur: sandboxtest.Denied})
			if over.protocol == "http" {
				out, err := w.host.Command(w.ctx, "curl", "-sI", "http://10.77.0.1:8080/disk.qcow2").CombinedOutput()
				if err != nil || !strings.Contains(strings.ToLower(string(out)), "\netag:") {
					t.Errorf("no ETag: %v\n%s", err, out)
				}
			}
			if over.uri != "" {
				out, err := w.host.Command(w.ctx, "qemu-io", "-f", "raw", over.uri, "-c", "write -P 7 1M 64k", "-c", "flush").CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			w.check(spur.Stop())
			if left, _ := filepath.Glob(image + ".*"); len(left) > 0 {
				t.Errorf("it left %v\n%s", left, spur)
			}
			w.run("qemu-img", "check", image)
			if over.uri != "" {
				w.run("qemu-io", "-r", "-c", "read -P 7 1M 64k", image)
			}
		})
	}
}
