package boottest

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// `spur lab` is how somebody without hardware tries Spur, and `make demo`.
func TestLabCommand(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), built.spur, "lab", "--firmware", "bios", "--quiet",
		"--message", "hello", "--expect", "SPUR-LAB-FETCHED").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "up after") {
		t.Errorf("%v\n%s", err, out)
	}
	noLabs(t)
}

// What is expected and does not come is an error, and nothing is left behind. The
// lab's Spur shows the menu that it was asked for.
func TestLabCommandExpectsInVain(t *testing.T) {
	files := built.kernel + "," + built.initrd
	out, err := exec.CommandContext(t.Context(), built.spur, "lab", "--firmware", "bios", "--quiet", "--dhcp", "server",
		"First="+files, "Second="+files, "--menu", "pxe", "--menu-default", "2", "--boot-server", "local:Own disk",
		"--expect", "no such words", "--timeout", "1s").CombinedOutput()
	if err == nil || !strings.Contains(string(out), `waiting for "no such words"`) || !regexp.MustCompile(`(?s)from a menu of 3 items .*1\. First.*2\. Second.*3\. Own disk`).Match(out) {
		t.Errorf("%v\n%s", err, out)
	}
	noLabs(t)
}

// TestLabCommandUnread: whoever reads what is told goes away, and nothing is
// left behind.
func TestLabCommandUnread(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), built.spur, "lab", "--firmware", "bios", "--dhcp", "server")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	out.Close()
	_ = cmd.Wait()
	noLabs(t)
}

// noLabs checks that no namespace of a lab is left whose process has ended.
func noLabs(t *testing.T) {
	t.Helper()
	out, err := exec.Command("ip", "netns", "list").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(line, "-")
		if parts[0] == "spur" && len(parts) > 2 && exec.Command("kill", "-0", parts[1]).Run() != nil {
			t.Errorf("a lab left %s", line)
		}
	}
}
