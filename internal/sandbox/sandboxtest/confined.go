// Package sandboxtest looks from outside at what a process may still do.
package sandboxtest

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Confined checks that every thread of a process runs as nobody, with the
// capabilities that are named (in hexadecimal digits, such as "2400") and no way to
// others.
func Confined(t *testing.T, pid int, caps string) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		t.Fatal("no threads", err)
	}
	want := map[string]string{
		"Uid": "65534\t65534\t65534\t65534", "Gid": "65534\t65534\t65534\t65534", "Groups": "", "NoNewPrivs": "1",
		"CapInh": "0", "CapPrm": caps, "CapEff": caps, "CapBnd": "0", "CapAmb": "0",
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range want {
			got := strings.TrimSpace(regexp.MustCompile(`(?m)^` + name + `:[ \t]*(.*)$`).FindStringSubmatch(string(text))[1])
			if strings.HasPrefix(name, "Cap") {
				if got = strings.TrimLeft(got, "0"); got == "" {
					got = "0"
				}
			}
			if got != want {
				t.Errorf("%s: %s is %q, want %q", thread, name, got, want)
			}
		}
	}
}

// Denied is what Opens says of a file that a process may not open.
const Denied = "permission denied"

// Opens checks what becomes of files that a process opens: "opened", or the error.
// openwithin is where that program is.
func Opens(t *testing.T, openwithin string, pid int, want map[string]string) {
	t.Helper()
	files := slices.Sorted(maps.Keys(want))
	out, err := exec.Command(openwithin, append([]string{strconv.Itoa(pid)}, files...)...).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(lines) != len(files) {
		t.Fatalf("openwithin: %v\n%s", err, out)
	}
	for n, file := range files {
		if lines[n] != want[file] {
			t.Errorf("the process opens %s: %s, want %s", file, lines[n], want[file])
		}
	}
}
