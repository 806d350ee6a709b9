package dhcp_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// inNamespace marks the process that runs the tests.
const inNamespace = "SPUR_DHCP_TEST_NAMESPACE"

// TestMain runs the tests in a network namespace of their own, so that they
// have port 67 to themselves and no packet leaves the machine. The namespace
// ends with the process.
func TestMain(m *testing.M) {
	if name := os.Getenv(squats); name != "" {
		squat(name)
	}
	if os.Getenv(inNamespace) != "" {
		run("ip", "link", "set", "lo", "up")
		goleak.VerifyTestMain(m)
		return
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "tests of DHCP need root, to make a network namespace:", err)
		os.Exit(1)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

func run(name string, args ...string) {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s %v: %v\n%s", name, args, err, out)
		os.Exit(1)
	}
}
