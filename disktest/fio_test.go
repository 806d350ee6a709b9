package disktest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

//go:embed fio.sh
var fioScript string

// fioOptions have many writes in flight, some to the same blocks, and then read
// each block that was written: it must be as fio wrote it last. The rates are
// below what a guest can do, and there are enough blocks, so that there is time to
// kill the target in both.
const fioOptions = `--ioengine=libaio --direct=1 --iodepth=32 --rw=randwrite --bs=4k --size=24M --io_size=20M
--norandommap --serialize_overlap=1 --rate_iops=500,400 --verify=crc32c --verify_fatal=1
--eta=always --eta-newline=250ms
`

// TestKilledUnderFio kills the target of a raw file and of a qcow2 overlay with
// SIGKILL while fio writes to both, while it starts, and before fio reads what
// it has written.
func TestKilledUnderFio(t *testing.T) {
	// A file system in memory, as /tmp may be, takes no time to sync: no target would be killed
	// with anything to bring back.
	t.Setenv("TMPDIR", "/var/tmp")
	program := fioDisk(t)
	for _, via := range drivers {
		t.Run(via.name, func(t *testing.T) {
			w := newWorld(t)
			disks := w.fresh()
			spur := w.serve(via, disks...)
			guest := w.guest(via, disks, fioScript, map[string]string{"fio.options": fioOptions},
				"-drive", "if=virtio,format=raw,readonly=on,file="+program)
			targets := []*target{spur}
			for _, doing := range []string{"w", "w", "w", "V"} { // writing, verifying
				w.waitFor(guest, `\[[^]]*`+doing+`\(|DISK-FAILED.*`)
				w.pause(600 * time.Millisecond)
				spur.kill()
				again := w.start(via, disks...)
				w.pause(30 * time.Millisecond)
				again.kill()
				spur = w.serve(via, disks...)
				targets = append(targets, again, spur)
			}
			w.well(guest)
			spur.end()
			if !slices.ContainsFunc(targets, (*target).recovered) {
				t.Error("no target had anything to bring back: were they killed too late?")
			}
			disks[1].run("qemu-img", "check", disks[1].path)
			if _, err := os.Stat(disks[1].path + ".journal"); err == nil {
				t.Error("the journal is left behind by a target that ended in good order")
			}
		})
	}
}

// fresh makes a raw file and a qcow2 overlay.
func (w *world) fresh() []*disk {
	w.Helper()
	dir := w.TempDir()
	file, base, overlay := filepath.Join(dir, "disk.img"), filepath.Join(dir, "base.img"), filepath.Join(dir, "overlay.qcow2")
	w.run("truncate", "-s", "32M", file, base)
	w.run(built.spur, "disk", "create", overlay, "--backing", base)
	return []*disk{{world: w, path: file}, {world: w, path: overlay}}
}

// recovered says whether a target found in a journal what the one before it had
// only in memory.
func (t *target) recovered() bool { return strings.Contains(t.process.String(), "was brought back") }

// fioDisk makes the image of a disk with fio and its libraries. They are too
// many for an initramfs.
func fioDisk(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "files")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("fio")
	if err != nil {
		t.Fatal("there is no fio (package fio)")
	}
	out, err := exec.Command("ldd", program).Output()
	if err != nil {
		t.Fatalf("ldd %s: %v", program, err)
	}
	take := func(from, name string) {
		content, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	take(program, "fio")
	for _, path := range regexp.MustCompile(`/\S+`).FindAllString(string(out), -1) {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "ld-linux") {
			name = "ld.so"
		}
		take(path, name)
	}
	image := filepath.Join(t.TempDir(), "fio.img")
	if out, err := exec.Command("mkfs.ext4", "-q", "-O", "^has_journal", "-d", dir, image, "128M").CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4 (package e2fsprogs): %v: %s", err, out)
	}
	return image
}
