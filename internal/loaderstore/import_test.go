package loaderstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/loader"
)

func unpacked(t *testing.T, row, file string) string {
	t.Helper()
	path, err := lab.Unpacked(row, file)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// tree is a folder with loaders of two packages, a kernel and what is none.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, from := range map[string]string{
		"a/snponly.efi": "/usr/lib/ipxe/snponly.efi", "b/snponly.efi": unpacked(t, "ipxe/trixie", "usr/lib/ipxe/snponly.efi"),
		"b/same.efi": "/usr/lib/ipxe/snponly.efi", "shim": unpacked(t, "shim-signed", "usr/lib/shim/shimx64.efi.signed"),
		"boot.efi": unpacked(t, "systemd-boot-efi/trixie", "usr/lib/systemd/boot/efi/systemd-bootx64.efi"),
	} {
		copyFile(t, from, filepath.Join(dir, name))
	}
	for _, name := range []string{"readme", "text.efi"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("text\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// taken writes what was taken: name, version, whether it is new.
func taken(r Report) []string {
	var all []string
	for _, t := range r.Taken {
		version, _, _ := strings.Cut(t.Identity.Version, "+")
		all = append(all, fmt.Sprint(t.File, " ", version, " ", t.New))
	}
	slices.Sort(all)
	return all
}

var (
	treeHas = []string{"shim 16.1 true", "snponly.efi 1.0.0 false", "snponly.efi 1.0.0 true", "snponly.efi 1.21.1 true"}
	noURL   = func(context.Context, string) (File, error) { return nil, fs.ErrNotExist }
)

func TestImportFolder(t *testing.T) {
	dir, s := tree(t), Store{filepath.Join(t.TempDir(), "loaders")}
	r, err := s.Import(t.Context(), dir, noURL)
	if err != nil {
		t.Fatal(err)
	}
	if got := taken(r); !slices.Equal(got, treeHas) {
		t.Errorf("took %q", got)
	}
	left := fmt.Sprint(r.Left)
	if len(r.Left) != 2 || r.Others != 1 || !strings.Contains(left, "systemd-boot 257.") || !strings.Contains(left, "text.efi it is no bootloader") {
		t.Errorf("left %s and %d others", left, r.Others)
	}
	found, err := loader.Find(nil, s.Dirs(), nil)
	if err != nil || len(found) != 3 {
		t.Fatalf("found %+v, %v", found, err)
	}
	for _, b := range found {
		if from := s.From(b); !strings.HasPrefix(from, dir) {
			t.Errorf("%s came from %q", b.Path, from)
		}
	}
	if again, err := s.Import(t.Context(), dir, noURL); err != nil || strings.Contains(fmt.Sprint(taken(again)), "true") {
		t.Errorf("again: %q, %v", taken(again), err)
	}
}

// What is kept already is compared: a damaged one is kept anew, and under the name that
// it has there it is known.
func TestImportMendsWhatIsDamaged(t *testing.T) {
	source := filepath.Join(t.TempDir(), "other.efi")
	copyFile(t, "/usr/lib/ipxe/snponly.efi", source)
	s := Store{filepath.Join(t.TempDir(), "loaders")}
	r, err := s.Import(t.Context(), "/usr/lib/ipxe/snponly.efi", noURL)
	if err != nil {
		t.Fatal(err)
	}
	kept := r.Taken[0].Path
	good, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = s.Import(t.Context(), source, noURL); err != nil || r.Taken[0].New || r.Taken[0].Path != kept {
		t.Errorf("a whole one: %+v, %v", r.Taken, err)
	}
	for name, harm := range map[string]func() error{
		"cut off": func() error { return os.Truncate(kept, 100) },
		"changed": func() error { return os.WriteFile(kept, append(bytes.Clone(good[:len(good)-1]), 'x'), 0o644) },
		"gone":    func() error { return os.Remove(kept) },
		"a link":  func() error { return errors.Join(os.Remove(kept), os.Symlink(source, kept)) },
	} {
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		r, err := s.Import(t.Context(), "/usr/lib/ipxe/snponly.efi", noURL)
		if err != nil || !r.Taken[0].New {
			t.Errorf("%s: %+v, %v", name, r.Taken, err)
		}
		if b, err := os.ReadFile(kept); err != nil || !bytes.Equal(b, good) {
			t.Errorf("%s: %d bytes are kept, %v", name, len(b), err)
		}
		if info, err := os.Lstat(kept); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v is kept, %v", name, info, err)
		}
	}
}

func TestImportArchives(t *testing.T) {
	dir := tree(t)
	for name, script := range map[string]string{
		"deb": `mkdir t && cp -r $TREE t/usr && mkdir t/DEBIAN && printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >t/DEBIAN/control && dpkg-deb --root-owner-group -b t out.deb`,
		"tar": "tar -C $TREE -cJf out.txz .", "zip": "cd $TREE && zip -q -r - . >$OLDPWD/out.zip", "iso": "xorriso -as mkisofs -quiet -o out.iso $TREE",
	} {
		t.Run(name, func(t *testing.T) {
			work := t.TempDir()
			cmd := exec.Command("sh", "-ec", script)
			cmd.Dir, cmd.Env = work, append(os.Environ(), "TREE="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if name == "deb" {
				if err := os.WriteFile(filepath.Join(work, "bad.deb"), []byte("!<arch>\ncut"), 0o644); err != nil {
					t.Fatal(err)
				}
				r, err := Store{t.TempDir()}.Import(t.Context(), work, noURL)
				if err != nil || len(r.Taken) != 2*len(treeHas) || !strings.Contains(fmt.Sprint(r.Left), "bad.deb") {
					t.Errorf("of a folder with it: %q, left %v, %v", taken(r), r.Left, err)
				}
			}
			archives, _ := filepath.Glob(filepath.Join(work, "out.*"))
			s := Store{t.TempDir()}
			r, err := s.Import(t.Context(), archives[0], noURL)
			if err != nil {
				t.Fatal(err)
			}
			if got := taken(r); len(got) != len(treeHas) || !strings.HasPrefix(r.Taken[0].From, archives[0]+": ") {
				t.Errorf("took %q, the first from %s", got, r.Taken[0].From)
			}
			if len(r.Left) != 2 || r.Others != 1 {
				t.Errorf("left %v and %d others", r.Left, r.Others)
			}
		})
	}
}

// opened is a file at a URL.
type opened struct{ *os.File }

func TestImportURL(t *testing.T) {
	s := Store{t.TempDir()}
	r, err := s.Import(t.Context(), "https://user:secret@example.org/a/snponly.efi?token=secret", func(context.Context, string) (File, error) {
		f, err := os.Open("/usr/lib/ipxe/snponly.efi")
		return opened{f}, err
	})
	if err != nil || len(r.Taken) != 1 || r.Taken[0].From != "https://example.org/a/snponly.efi" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestImportRefuses(t *testing.T) {
	dir := t.TempDir()
	efi, err := os.ReadFile("/usr/lib/ipxe/snponly.efi")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"text": []byte("#!ipxe\n"), "empty": nil, "cut": efi[:5000], "large": append(bytes.Clone(efi), make([]byte, loader.SizeMost)...)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	copyFile(t, unpacked(t, "raspi-firmware/bookworm", "usr/lib/raspi-firmware/start4.elf"), filepath.Join(dir, "start4.elf"))
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Store{filepath.Join(dir, "loaders")}
	for name, want := range map[string]string{
		"text": "nor an archive with some", "empty": "nor an archive with some", "cut": "it is cut off or damaged", "large": "it has more than 16 MiB",
		"start4.elf": "many files that go together",
		"fifo":       "is no file or folder", "absent": "no such file",
	} {
		if _, err := s.Import(t.Context(), filepath.Join(dir, name), noURL); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := os.Stat(s.Dir); err == nil {
		t.Error("something was kept")
	}
}

// A store that can't be written is one error, not one for each file.
func TestImportIntoWhatIsNoFolder(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "file", "loaders")}
	if err := os.WriteFile(filepath.Dir(s.Dir), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Import(t.Context(), tree(t), noURL); err == nil || len(r.Left) > 2 {
		t.Errorf("%v, %v", r, err)
	}
}

// TestImportTellsModulesOfUEFIApart: Syslinux's modules for a BIOS and for UEFI of 32 bits
// are alike but for the folder that they are in.
func TestImportTellsModulesOfUEFIApart(t *testing.T) {
	bios := unpacked(t, "syslinux-common", "usr/lib/syslinux/modules/bios/mboot.c32")
	modules := filepath.Dir(filepath.Dir(bios))
	r, err := Store{Dir: t.TempDir()}.Import(context.Background(), filepath.Join(modules, "efi32"), nil)
	left := fmt.Sprint(r.Left)
	if err != nil || len(r.Taken) > 0 || !strings.Contains(left, "mboot.c32 it is a module of Syslinux for UEFI x86") || !strings.Contains(left, "ldlinux.e32 it is what Syslinux for UEFI x86") {
		t.Errorf("of efi32 it took %v, left %s, %v", r.Taken, left, err)
	}
	if r, err = (Store{Dir: t.TempDir()}).Import(context.Background(), filepath.Join(modules, "bios"), nil); err != nil || len(r.Taken) != 3 {
		t.Errorf("of bios it took %v, %v", r.Taken, err)
	}
}
