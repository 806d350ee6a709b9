// Package docs holds what people read, and runs every command line in it.
package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/scratch"
)

// built is what the command lines find: the program, and a folder of files.
var built struct{ spur, files, bin string }

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "webserver" {
		fmt.Fprintln(os.Stderr, serveWeb(os.Args[1]))
		os.Exit(1)
	}
	folder, err := scratch.New("spur-docs-")
	if err == nil {
		err = build(folder.Path())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = folder.Close()
	os.Exit(code)
}

// TestEveryLineHasARun compares what is documented with what is run.
func TestEveryLineHasARun(t *testing.T) {
	lines, err := documented(built.spur)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if !slices.ContainsFunc(commands(), func(c command) bool { return c.line == l.text }) {
			t.Errorf("%s: %s: no test runs this; give it a row in commands", l.place, l.text)
		}
	}
	for _, c := range commands() {
		if !slices.ContainsFunc(lines, func(l line) bool { return l.text == c.line }) {
			t.Errorf("%s: is run, but is in no document", c.line)
		}
		if e := c.elsewhere; e.file != "" && !contains(e.file, e.text) {
			t.Errorf("%s: %s hasn't %q, so it isn't run there", c.line, e.file, e.text)
		}
	}
}

// TestCommands runs every command line but those that boot a machine.
func TestCommands(t *testing.T) {
	for _, c := range commands() {
		if c.boots || c.ipxe || c.elsewhere != (elsewhere{}) {
			continue
		}
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// TestBoots runs those that boot a machine, one after the other.
func TestBoots(t *testing.T) {
	for _, c := range commands() {
		if c.boots {
			t.Run(c.line, c.run)
		}
	}
}

// patience bounds a command; one that boots a machine on a busy host takes
// minutes.
func (c command) patience() time.Duration {
	if c.boots {
		return 5 * time.Minute
	}
	return 2 * time.Minute
}

func (c command) run(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), c.patience())
	defer cancel()
	cmd := c.prepare(ctx, t)
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err := c.wait(ctx, cmd, &out, ended)
	if err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// prepare makes a folder and the command that runs in it.
func (c command) prepare(ctx context.Context, t *testing.T) *exec.Cmd {
	text := c.line
	if c.as != "" {
		text = c.as
	}
	script, dir := "exec "+text, ".."
	if c.before != "" {
		script = c.before + "\n" + script
	}
	if !c.plain {
		dir = t.TempDir()
		if out, err := exec.Command("cp", "-a", built.files+"/.", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	words := []string{"sh", "-c", script}
	if !c.plain && !c.boots {
		words = append([]string{"world"}, words...)
	}
	path := built.bin + ":" + os.Getenv("PATH")
	cmd := exec.CommandContext(ctx, "env", append([]string{"PATH=" + path}, words...)...)
	cmd.Dir = dir
	cmd.WaitDelay = 10 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// wait waits until a command has come as far as is wanted, ends it, and tells
// whether it ended well.
func (c command) wait(ctx context.Context, cmd *exec.Cmd, out *output, ended <-chan error) error {
	if c.until == "" && c.ready == "" {
		return <-ended
	}
	want := regexp.MustCompile(c.until)
	for {
		_, missing := os.Stat(filepath.Join(cmd.Dir, c.ready))
		if want.MatchString(out.String()) && missing == nil {
			break
		}
		select {
		case err := <-ended:
			return fmt.Errorf("it ended before %s%s was seen: %w", c.until, c.ready, errors.Join(err, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	return <-ended
}

// output collects what a command prints while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// build makes the program and the files that command lines name.
func build(dir string) error {
	built.files, built.bin = filepath.Join(dir, "files"), filepath.Join(dir, "bin")
	built.spur = filepath.Join(built.bin, "spur")
	for _, d := range []string{built.files, built.bin, filepath.Join(built.files, "bin")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
	}
	if out, err := exec.Command("go", "build", "-o", built.spur, "../cmd/spur").CombinedOutput(); err != nil {
		return fmt.Errorf("build spur: %w\n%s", err, out)
	}
	if out, err := exec.Command("../scripts/ramdisk", filepath.Join(built.files, "programs")).CombinedOutput(); err != nil {
		return fmt.Errorf("build Spur's own loaders: %w\n%s", err, out)
	}
	kernel, err := lab.Kernel()
	if err != nil {
		return err
	}
	arm, err := lab.KernelFor(boot.ARM64)
	if err != nil {
		return err
	}
	stub, err := lab.Unpacked("systemd-boot-efi:arm64", "usr/lib/systemd/boot/efi/linuxaa64.efi.stub")
	if err != nil {
		return err
	}
	syslinux, err := lab.Unpacked("syslinux-common", "usr/lib/syslinux/modules/bios")
	if err != nil {
		return err
	}
	pxelinux, err := lab.Unpacked("pxelinux", "usr/lib/PXELINUX/lpxelinux.0")
	if err != nil {
		return err
	}
	modules, err := lab.Unpacked("grub-pc-bin", "usr/lib/grub/i386-pc")
	if err != nil {
		return err
	}
	return errors.Join(
		os.Symlink(modules, filepath.Join(built.files, "i386-pc")),
		os.Symlink(syslinux, filepath.Join(built.files, "syslinux")),
		os.Symlink(pxelinux, filepath.Join(built.files, "lpxelinux.0")),
		os.Symlink(built.spur, filepath.Join(built.files, "bin", "spur")),
		copyFile("testdata/world", filepath.Join(built.bin, "world")),
		copyFile("/proc/self/exe", filepath.Join(built.bin, "webserver")),
		os.WriteFile(filepath.Join(built.bin, "sudo"), []byte("#!/bin/sh\nexec \"$@\"\n"), 0o755),
		copyFile(kernel, filepath.Join(built.files, "vmlinuz")),
		copyFile("/usr/lib/ipxe/snponly.efi", filepath.Join(built.files, "snponly.efi")),
		copyFile("../internal/pxe/testdata/captures/edk2-x64-pxe-proxy.pcap", filepath.Join(built.files, "boot.pcap")),
		copyFile("../internal/replay/testdata/recorded/bios-broken-ipxe.jsonl", filepath.Join(built.files, "failed.jsonl")),
		copyFile(arm, filepath.Join(built.files, "vmlinuz-arm64")),
		copyFile(stub, filepath.Join(built.files, "linuxaa64.efi.stub")),
		makeInitrds(), makeImage(), makeDisks(),
	)
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// initScript is the first process of a machine: its system says once that its
// tests passed, if it is asked to test, and has a login on the serial port.
const initScript = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
[ -e /tests ] && echo ALL TESTS PASSED >/dev/ttyS0
while :; do /bin/busybox setsid /bin/busybox getty -L ttyS0 115200 vt100; done
`

// makeInitrds writes the initrds: systems, and files without one.
func makeInitrds() error {
	in := func(name string) string { return filepath.Join(built.files, name) }
	return errors.Join(
		makeSystem(in("initrd.img")), makeSystem(in("tests.img"), "tests"),
		os.Link(in("initrd.img"), in("initrd")), os.Link(in("initrd.img"), in("base.cpio.gz")),
		os.Link(in("initrd.img"), in("initrd-arm64.img")),
		lab.ExtraInitramfs(in("site.cpio.gz"), map[string]string{"extra/one": "1"}),
		os.WriteFile(in("node.yaml"), []byte("name: node\n"), 0o644),
	)
}

// makeSystem writes an initrd of busybox and initScript, with empty files.
func makeSystem(path string, files ...string) error {
	dir, err := os.MkdirTemp(built.bin, "system")
	if err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, d := range []string{"bin", "dev", "proc"} {
		err = errors.Join(err, os.Mkdir(in(d), 0o755))
	}
	busybox, missing := exec.LookPath("busybox")
	err = errors.Join(err, missing, os.WriteFile(in("init"), []byte(initScript), 0o755))
	for _, name := range files {
		err = errors.Join(err, os.WriteFile(in(name), nil, 0o644))
	}
	if err == nil {
		err = copyFile(busybox, in("bin/busybox"))
	}
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", `find . | cpio --quiet -o -H newc | gzip -1 >"$0"`, path)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make %s: %w: %s", path, err, out)
	}
	return nil
}

func makeDisks() error {
	for _, args := range [][]string{
		{"create", "disk.img", "8M", "--format", "raw"}, {"create", "base.img", "8M", "--format", "raw"}, {"create", "data.img", "8M", "--format", "raw"},
		{"create", "disk.qcow2", "8M"}, {"create", "overlay.qcow2", "--backing", "base.img"},
	} {
		cmd := exec.Command(built.spur, append([]string{"disk"}, args...)...)
		cmd.Dir = built.files
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("spur disk %v: %w: %s", args, err, out)
		}
	}
	return os.WriteFile(filepath.Join(built.files, "secret"), []byte("a-long-password\n"), 0o600)
}
