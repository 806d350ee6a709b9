package docs

import (
	"bytes"
	"context"
	"fmt"
	doccomment "go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/internal/lab"
)

const programAddr = "10.77.0.9"

// pagePrograms are the libraries whose page begins with a program that serves a file,
// and the command with which somebody else's client fetches the disk into "got".
func pagePrograms() map[string][]string {
	return map[string][]string{
		"tftp":            {"atftp", "--get", "-r", "disk.img", "-l", "got", programAddr, "69"}, // which a system without netbase has no name for
		"iscsi":           {"qemu-img", "convert", "-O", "raw", "iscsi://" + programAddr + "/iqn.2026-11.com.example:disk1/0", "got"},
		"nbd":             {"nbdcopy", "nbd://" + programAddr, "got"},
		"aoe":             nil, // only the kernel's initiator is packaged: aoe.Discover looks for the disk
		"block/httpblock": {"curl", "-sS", "-o", "got", "http://" + programAddr + ":8080/"},
		"block/diskimage": {"nbdcopy", "nbd://" + programAddr, "got"},
	}
}

// The first program on each library's page is complete, has fifteen lines at
// most, and serves a file to real clients.
func TestPagePrograms(t *testing.T) {
	for library, fetch := range pagePrograms() {
		t.Run(library, func(t *testing.T) {
			program := firstProgram(t, filepath.Join("..", library, "doc.go"))
			if n := countLines(program); n > 15 {
				t.Errorf("the program has %d lines:\n%s", n, program)
			}
			dir := t.TempDir()
			want := writeDisk(t, dir)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			server, client := startProgram(ctx, t, dir, buildProgram(t, dir, program))
			if fetch == nil {
				findDisk(ctx, t, client)
				return
			}
			until(ctx, t, func() error { return inDir(client.Command(ctx, fetch[0], fetch[1:]...), dir) })
			if got, err := os.ReadFile(filepath.Join(dir, "got")); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes came, not the disk: %v\n%s", len(got), err, server.Tail(20))
			}
		})
	}
}

// firstProgram is the first complete program in a package's comment.
func firstProgram(t *testing.T, path string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range (&doccomment.Parser{}).Parse(file.Doc.Text()).Content {
		if code, ok := b.(*doccomment.Code); ok && strings.HasPrefix(code.Text, "package main") {
			return code.Text
		}
	}
	t.Fatalf("%s shows no program", path)
	return ""
}

// countLines counts the lines that aren't empty.
func countLines(program string) int {
	n := 0
	for line := range strings.Lines(program) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}

// writeDisk makes disk.img, disk.qcow2 with the same contents, and a folder
// srv/tftp with it.
func writeDisk(t *testing.T, dir string) []byte {
	t.Helper()
	disk := bytes.Repeat([]byte("a disk of Spur's"), 1<<16)
	if err := os.MkdirAll(filepath.Join(dir, "srv", "tftp"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"disk.img", "srv/tftp/disk.img"} {
		if err := os.WriteFile(filepath.Join(dir, name), disk, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := inDir(exec.Command("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.img", "disk.qcow2"), dir); err != nil {
		t.Fatal(err)
	}
	return disk
}

func buildProgram(t *testing.T, dir, program string) string {
	t.Helper()
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	// From within this module, which the program imports.
	if out, err := exec.Command("go", "build", "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, program)
	}
	return binary
}

// startProgram runs a program on a host of its own, in a folder and with the
// folder's srv as /srv, and returns a host for the client.
func startProgram(ctx context.Context, t *testing.T, dir, binary string) (*lab.Process, *lab.Host) {
	t.Helper()
	l, err := lab.New(ctx, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	wire, err := l.Wire("wire")
	if err != nil {
		t.Fatal(err)
	}
	host, err := l.Host("server", lab.On(wire, programAddr+"/24"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := l.Host("client", lab.On(wire, "10.77.0.10/24"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := host.Start("unshare", "-m", "sh", "-c", `mount --bind "$1/srv" /srv && cd "$1" && exec "$2"`, "sh", dir, binary)
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

// until tries again until it works: a program needs a moment to listen.
func until(ctx context.Context, t *testing.T, try func() error) {
	t.Helper()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func inDir(cmd *exec.Cmd, dir string) error {
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// findDisk looks from a host for an AoE disk.
func findDisk(ctx context.Context, t *testing.T, from *lab.Host) {
	t.Helper()
	until(ctx, t, func() error {
		return from.Do(func() error {
			link, err := aoe.Open("eth0")
			if err != nil {
				return err
			}
			defer link.Close()
			asking, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			found, err := aoe.Discover(asking, link, 0)
			if err == nil && len(found) != 1 {
				err = fmt.Errorf("found %v", found)
			}
			return err
		})
	})
}
