package lab

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Ended is what a program of the lab has cost.
type Ended struct {
	Program string        // its file's name: "qemu-system-x86_64", "spur"
	Ran     time.Duration // from its start to its end
	CPU     time.Duration // of a processor, by the program and what it waited for: user and system time (getrusage(2))
}

// Machine says whether the program was a virtual machine.
func (e Ended) Machine() bool { return strings.HasPrefix(e.Program, "qemu-system-") }

// endOf is the cost of a command that has ended.
func endOf(cmd *exec.Cmd, born time.Time) Ended {
	e := Ended{Program: programOf(cmd.Args), Ran: time.Since(born)}
	if s := cmd.ProcessState; s != nil {
		e.CPU = s.UserTime() + s.SystemTime()
	}
	return e
}

// programOf is what a command runs in the end: `ip netns exec NAME` becomes the program
// behind it.
func programOf(args []string) string {
	if i := slices.Index(args, "exec"); i > 0 && len(args) > i+2 {
		args = args[i+2:]
	}
	return filepath.Base(args[0])
}
