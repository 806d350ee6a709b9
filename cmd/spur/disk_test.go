package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// servings are the servers of one script.
type servings map[string]*serving

type serving struct {
	cmd    *exec.Cmd
	log    string // file
	ended  chan error
	closed bool
}

type servingsKey struct{}

var whereServed = regexp.MustCompile(`(?m)(?: at |"at":")([^"\s]+)"?}?$`)

// serves starts a disk server on a free port of the loopback: serves NAME
// ARGUMENTS…. $NAME becomes the URL, NAME.log gets what it prints. It is
// interrupted at the end of the script.
func serves(ts *testscript.TestScript, _ bool, args []string) {
	s := &serving{log: ts.MkAbs(args[0] + ".log"), ended: make(chan error, 1)}
	out, err := os.Create(s.log)
	ts.Check(err)
	defer out.Close()
	s.cmd = exec.Command(ts.Getenv("SPUR"), append([]string{"disk", "serve", "--listen", "127.0.0.1:0"}, args[1:]...)...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = ts.MkAbs("."), out, out
	ts.Check(s.cmd.Start())
	go func() { s.ended <- s.cmd.Wait() }()
	ts.Value(servingsKey{}).(servings)[args[0]] = s
	ts.Defer(func() { s.stop() })
	for range 1000 {
		text, err := os.ReadFile(s.log)
		ts.Check(err)
		if at := whereServed.FindSubmatch(text); at != nil {
			ts.Setenv(args[0], string(at[1]))
			return
		}
		select {
		case err := <-s.ended:
			s.closed = true
			text, _ = os.ReadFile(s.log)
			ts.Fatalf("spur disk serve: %v\n%s", err, text)
		case <-time.After(10 * time.Millisecond):
		}
	}
	ts.Fatalf("spur disk serve doesn't get ready")
}

func (s *serving) stop() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return <-s.ended
}

// stops interrupts a server, which must end well: stops NAME.
func stops(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(servingsKey{}).(servings)[args[0]]
	err := s.stop()
	text, _ := os.ReadFile(s.log)
	if err != nil {
		ts.Fatalf("spur disk serve ended: %v\n%s", err, text)
	}
	ts.Logf("%s", text)
}

// makeDisk writes 8 MiB: data, zeros that are there, a hole, and data.
func makeDisk(path string) error {
	f, err := os.Create(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer f.Close()
	pattern := bytes.Repeat([]byte("all that a disk has "), 10000)
	for _, at := range []int64{0, 1<<20 + 512, 5 << 20, 8<<20 - 200000} {
		if _, err := f.WriteAt(pattern, at); err != nil {
			return err
		}
	}
	_, err = f.WriteAt(make([]byte, 300000), 2<<20)
	return err
}

// packages say which Debian packages the tools of the scripts are in.
func packages(tool string) string {
	switch tool {
	case "qemu-img", "qemu-io":
		return "qemu-utils and qemu-block-extra"
	case "iscsi-ls", "iscsi-inq", "iscsi-readcapacity16":
		return "libiscsi-bin"
	case "nbdinfo":
		return "libnbd-bin"
	}
	return tool
}

// needs ends a script that lacks a tool, and says where that is: needs TOOL….
func needs(ts *testscript.TestScript, _ bool, args []string) {
	for _, tool := range args {
		if _, err := exec.LookPath(tool); err != nil {
			ts.Fatalf("%s is missing: apt-get install %s", tool, packages(tool))
		}
	}
}
