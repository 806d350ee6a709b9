package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/target/targettest"
)

// A way to the root goes with several targets where one of them takes it, however many don't;
// an image whose system can't boots as without, which is said.
func TestRootOfSeveral(t *testing.T) {
	dir := t.TempDir()
	kernel, iso := filepath.Join(dir, "vmlinuz"), filepath.Join(dir, "isos", "a.iso")
	targettest.KernelAt(t, kernel)
	targettest.ISOAt(t, iso, "alpine-std 3.19", "")
	own := filepath.Join(dir, "own.iso") // of a family that mounts
	targettest.ISOAt(t, own, "mounts", "")
	families := filepath.Join(dir, "families.yaml")
	if err := os.WriteFile(families, []byte("families:\n- name: mounts\n  match: {label: [mounts]}\n  kernels: [boot/vmlinuz-virt]\n  roots:\n  - {over: nfs, args: 'a={{ EXPORT }}'}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	menu := func(drawn bool, kernels ...string) (target Target) {
		m := &Menu{Default: "1", Drawn: drawn, Prompt: "Choose"}
		for _, k := range kernels {
			m.Targets = append(m.Targets, MenuTarget{Target: Target{Kernel: k, Root: "nfs", Families: families}})
		}
		target = m.Targets[0].Target
		target.Menu = m
		return target
	}
	forARM := func(kernel, other string) Target {
		t := Target{Kernel: kernel, Root: "nfs", Families: families}
		t.For = map[boot.Arch]Target{boot.X86: {Kernel: other, Root: "nfs", Families: families}}
		return t
	}
	const none, cannot = "nothing here is one", "the system of a.iso (Alpine Linux) doesn't find its root over nfs"
	for _, tt := range []struct {
		what        string
		target      Target
		err, warns  string
		mountedOver int
	}{
		{"a menu of loaders'", menu(true, kernel, own), "", "", 1},
		{"a menu of PXE's", menu(false, kernel, own), "", "", 1},
		{"a menu with one that can't", menu(true, iso, own), "", cannot + "; it boots as without --root nfs", 1},
		{"a menu without any", menu(true, kernel, "local"), none, "", 0},
		{"a menu where none can", menu(true, kernel, iso), cannot, "", 0},
		{"a folder", menu(true, filepath.Dir(iso)), "", cannot, 1},
		{"another architecture", forARM(kernel, own), "", "", 1},
		{"beside another architecture", forARM(own, kernel), "", "", 1},
		{"another architecture without any", forARM(kernel, kernel), none, "", 0},
		{"one alone", Target{Kernel: iso, Root: "nfs"}, cannot, "", 0},
		{"one that is none", Target{Kernel: kernel, Root: "nfs"}, "vmlinuz has none", "", 0},
		{"a disk", Target{Kernel: own, Root: "nfs", As: "disk"}, "with --as disk nothing is booted as that", "", 0},
	} {
		l, err := tt.target.Inspect(t.Context(), Upstream{Say: func(string) {}})
		switch warnings := strings.Join(l.Warnings, "\n"); {
		case err != nil || tt.err != "":
			if err == nil || tt.err == "" || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v", tt.what, err)
			}
		case !strings.Contains(warnings, tt.warns) || tt.warns == "" && warnings != "":
			t.Errorf("%s warns %q", tt.what, warnings)
		case len(tt.target.Exports(l)) != tt.mountedOver:
			t.Errorf("%s exports over %v", tt.what, tt.target.Exports(l))
		}
	}
}
