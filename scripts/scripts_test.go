// Package scripts tests the scripts of this folder.
package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a command in the repository, with a folder of stand-ins first in PATH.
func run(t *testing.T, bin, command string) (string, error) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// program puts a script into a new folder and returns that.
func program(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

const startsByItself = `; find /etc/systemd/system /etc/rc2.d -name "*spur-test*" | sort; ls /usr/sbin/policy-rc.d 2>/dev/null; ls /tmp | grep -v "^spur-test\|^top$"; true`

// What is installed doesn't start with the machine; what was there before does.
func TestServicesStayOff(t *testing.T) {
	before := "/etc/rc2.d/S01spur-test-before\n" +
		"/etc/systemd/system/multi-user.target.wants/spur-test-before.service\n" +
		"/etc/systemd/system/sockets.target.wants/spur-test-before.socket\n"
	out, err := run(t, "", "scripts/testdata/fresh 'scripts/install demo"+startsByItself+"'")
	if want := "installing ipxe-qemu \n/etc/rc2.d/K01spur-test-after\n" + before; err != nil || out != want {
		t.Errorf("%v:\n%swant:\n%s", err, out, want)
	}
	out, err = run(t, "", "scripts/testdata/fresh 'APT_FAILS=yes scripts/install demo && echo fine"+startsByItself+"'")
	if want := "/etc/rc2.d/K01spur-test-after\n" + before; err != nil || !strings.HasSuffix(out, want) || !strings.Contains(out, "399\n400\n") || strings.Contains(out, "fine") {
		t.Errorf("apt fails: %v:\n%swant at the end:\n%s", err, out, want)
	}
}

// A package that fails keeps no other from being tested, and fails the whole.
func TestEverythingIsTested(t *testing.T) {
	said := filepath.Join(t.TempDir(), "said")
	bin := program(t, "go", `case $1 in
list) echo github.com/spurboot/spur/tftp ;;
*) echo "$*" >>`+said+`; [ "$2" != -race ] ;;
esac
`)
	if out, err := run(t, bin, "scripts/test"); err == nil {
		t.Errorf("it ends well though a package failed:\n%s", out)
	}
	text, _ := os.ReadFile(said)
	for _, want := range []string{"spur/tftp", "./boottest", "./disktest", "./docs"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s was not tested:\n%s", want, text)
		}
	}
}

func TestCheckGo(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"good":     {"echo go1.99.1", ""},
		"old":      {"echo go1.25.4", "this is Go 1.25.4"},
		"very old": {`[ "$PWD" = / ] && echo go1.19.8`, "this is Go 1.19.8"},
		"odd":      {"echo weekly", "of an unknown version"},
	} {
		out, err := run(t, program(t, "go", test.text), "scripts/check-go go")
		if (err == nil) != (test.want == "") || !strings.Contains(out, test.want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if out, err := run(t, "", "scripts/check-go no-such-go"); err == nil || !strings.Contains(out, "https://go.dev/dl") {
		t.Errorf("missing: %v\n%s", err, out)
	}
}
