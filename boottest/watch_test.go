package boottest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/scratch"
)

// Somebody builds a kernel anew while the lab's machine runs the one before: the machine
// restarts, and prints what the new one says. Half a kernel, which is there meanwhile,
// changes nothing.
func TestLabWatches(t *testing.T) {
	w := newWorld(t)
	folder, err := scratch.New("spur-watched-")
	w.check(err)
	defer folder.Close()
	w.check(os.Chmod(folder.Path(), 0o755))
	kernel, data := filepath.Join(folder.Path(), "kernel.elf"), filepath.Join(folder.Path(), "data")
	w.multiboot(kernel)
	w.write(folder.Path(), map[string]string{"data": "the data"})
	lab, err := w.home.Start(built.spur, "lab", "--firmware", "bios", kernel, "--module", data+" one", "--watch",
		"--expect", "multiboot kernel: changed", "--timeout", "10m")
	w.check(err)
	_, err = lab.WaitFor(w.ctx, "multiboot kernel: done")
	w.check(err)
	whole, err := os.ReadFile(kernel)
	w.check(err)
	w.check(os.Remove(kernel))
	w.check(os.WriteFile(kernel, whole[:200], 0o644))
	_, err = lab.WaitFor(w.ctx, "kernel.elf changed, and boots get what was there before: ")
	w.check(err)
	w.multiboot(kernel, "--defsym", "TEXT=1")
	w.check(lab.Wait(w.ctx))
	if told := lab.String(); strings.Count(told, " changed: the next boot gets it ") != 1 {
		t.Errorf("%s", told)
	}
}
