package boottest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

// explained starts a capture of the wire. The function that is returned ends it,
// and checks what `spur explain --pcap` says of it, where words may go over several lines.
func (w *world) explained() func(words ...string) {
	w.Helper()
	c, err := w.wire.Capture(strings.NewReplacer("/", "-", " ", "-").Replace(w.Name()) + ".pcap")
	w.check(err)
	return func(words ...string) {
		w.Helper()
		path, err := c.Stop()
		w.check(err)
		var all []string
		for _, word := range words {
			all = append(all, strings.ReplaceAll(word, " ", `\s+`))
		}
		w.ends(0, all, "explain", "--pcap", path)
	}
}

// ends runs Spur to its end, and checks which exit code it has and what it prints.
func (w *world) ends(code int, words []string, args ...string) {
	w.Helper()
	cmd := exec.CommandContext(w.ctx, built.spur, args...)
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != code {
		w.Errorf("spur %s: exit code %d, want %d\n%s", strings.Join(args, " "), cmd.ProcessState.ExitCode(), code, out)
	}
	for _, word := range words {
		if !regexp.MustCompile(word).Match(out) {
			w.Errorf("spur %s: %q is not in\n%s", strings.Join(args, " "), word, out)
		}
	}
}

// Boots of real firmware that fail: what Spur keeps of each, what it says of a
// capture of it, and that it would fail again.
func TestFailedBoots(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, cause string
		firmware    lab.Firmware
		port        lab.Port
		start       func(w *world, data string) *lab.Process
		capture     []string // what is said of the capture
		record      []string // what is in the record
	}{
		{
			name: "no DHCP server", cause: "no-dhcp-server", firmware: lab.BIOS, port: lab.Port{PlainROM: true},
			start:   func(w *world, data string) *lab.Process { return w.boot("--data", data) },
			capture: []string{`\(no-dhcp-server\)`, `was offered undionly.kpxe \d times by 10.77.0.1, but no address by anybody`},
			record:  []string{`"way":"request","proto":"dhcp"`, `"route":"bios-undionly"`},
		},
		{
			name: "our offers are lost", cause: "offer-ignored", firmware: lab.UEFI, port: lab.Port{Filters: []lab.Filter{deafTo{homeAddr}}},
			start:   besideDHCP,
			capture: []string{`stalled \(offer-ignored\)`, `was offered the address \S+ by 10.77.0.2 and snponly.efi\s+by 10.77.0.1, and took neither`},
			record:  []string{`"way":"heard"`},
		},
		{
			name: "TFTP is blocked", cause: "boot-file-not-fetched", firmware: lab.UEFI, port: lab.Port{Filters: []lab.Filter{notTo69{}}},
			start:   besideDHCP,
			capture: []string{`\(boot-file-not-fetched\)`, `was told by 10.77.0.1 on port 4011 to fetch snponly.efi, but did not start to`},
			record:  []string{`"dst":"10.77.0.1:4011"`},
		},
		{
			name: "loader is silent", cause: "loader-silent", firmware: lab.BIOS, port: lab.Port{PlainROM: true},
			start: func(w *world, data string) *lab.Process {
				w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
				return w.boot("--data", data, "--loaders", w.breakLoader("undionly.kpxe"))
			},
			capture: []string{`TFTP "\S+/undionly.kpxe": \d+ KiB in \d+ blocks of 1\d\d\d bytes`, `\(loader-silent\)`},
			record:  []string{`"kind":"fetch-end","proto":"tftp","role":"loader".*"file":"undionly.kpxe"`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			data := t.TempDir()
			explained := w.explained()
			spur := tt.start(w, data)
			m := w.machine("machine", tt.firmware, tt.port)
			w.told(spur, m, `"cause":"`+tt.cause+`"`)
			kept := w.kept(data)
			explained(tt.capture...)
			text, err := os.ReadFile(kept)
			w.check(err)
			for _, word := range append(tt.record, `"cause":"`+tt.cause+`"`) {
				if !regexp.MustCompile(word).Match(text) {
					t.Errorf("%q is not in the record:\n%s", word, text)
				}
			}
			if keep := os.Getenv("SPUR_TEST_KEEP"); keep != "" {
				w.check(os.WriteFile(filepath.Join(keep, strings.ReplaceAll(tt.name, " ", "-")+".jsonl"), text, 0o644))
			}
			w.ends(1, []string{`It failed then:  ` + tt.cause, `would fail again \(` + tt.cause + `\)`}, "replay", kept, built.kernel, built.initrd)
		})
	}
}

// besideDHCP starts Spur beside a DHCP server on another host.
func besideDHCP(w *world, data string) *lab.Process {
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	return w.boot("--data", data)
}

// kept waits for the record of the only boot that failed.
func (w *world) kept(data string) string {
	w.Helper()
	for w.ctx.Err() == nil {
		if files, _ := filepath.Glob(filepath.Join(data, "failed", "*.jsonl")); len(files) == 1 {
			return files[0]
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.Fatal("no boot was kept")
	return ""
}
