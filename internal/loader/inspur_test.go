package loader

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

const ramdiskProgram = "ramdiskx64.efi"

// output runs a command that must do well.
func output(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// What Spur itself has is found behind all folders: one there goes before it that is the
// same, newer or signed, whatever its version.
func TestFindInSpur(t *testing.T) {
	built, signed := t.TempDir(), filepath.Join(t.TempDir(), ramdiskProgram)
	output(t, "../../scripts/ramdisk", built)
	content, err := os.ReadFile(filepath.Join(built, ramdiskProgram))
	if err != nil {
		t.Fatal(err)
	}
	key := t.TempDir()
	output(t, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=own", "-keyout", key+"/key", "-out", key+"/certificate")
	output(t, "sbsign", "--key", key+"/key", "--cert", key+"/certificate", "--output", signed, filepath.Join(built, ramdiskProgram))
	version := func(v byte) []byte {
		return bytes.Replace(content, []byte("spur-ramdisk 2"), []byte("spur-ramdisk "+string(v)), 1)
	}
	inSpur := fstest.MapFS{ramdiskProgram: {Data: content}}
	client := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE}
	for name, tt := range map[string]struct {
		own, common []string
		want        string
	}{
		"nothing else": {nil, nil, ramdiskProgram + " in this program"},
		"the same":     {nil, []string{with(t, content)}, "a folder"},
		"signed":       {nil, []string{filepath.Dir(signed)}, signed},
		"newer":        {nil, []string{with(t, version('3'))}, "a folder"},
		"older":        {nil, []string{with(t, version('1'))}, ramdiskProgram + " in this program"},
		"own":          {[]string{with(t, version('1'))}, nil, "a folder"},
	} {
		found, err := Find(tt.own, tt.common, inSpur)
		if err != nil {
			t.Fatal(err)
		}
		b, ok := found.Given(route.Route{Loader: boot.RAMDisk, Give: route.RAMDiskProgram}, client)
		place := b.Place()
		if tt.want == "a folder" && b.Path != "" {
			place = tt.want
		}
		if !ok || place != tt.want || b.Name() != ramdiskProgram || b.Path == "" && !bytes.Equal(b.Content, content) {
			t.Errorf("%s: given %s, %v, want %s", name, b.Place(), ok, tt.want)
		}
		if name == "the same" && len(found) != 1 {
			t.Errorf("the same is found %d times", len(found))
		}
	}
	starter, err := os.ReadFile(filepath.Join(built, route.NBIStarterFile))
	if err != nil {
		t.Fatal(err)
	}
	found, err := Find(nil, nil, fstest.MapFS{route.NBIStarterFile: {Data: starter}})
	if b, ok := found.Find(route.NBIStarterFile, boot.Client{Firmware: boot.BIOS, Arch: boot.X86}); err != nil || !ok || b.Identity.Kind != route.KindNBIStarter {
		t.Errorf("the starter of tagged images is %+v, %v", b.Identity, err)
	}
	if _, err := Find(nil, nil, fstest.MapFS{"notes": {Data: []byte("none")}}); err == nil || !strings.Contains(err.Error(), "notes in this program: it is no bootloader") {
		t.Errorf("what is no loader: %v", err)
	}
}

// with is a folder with a program of that content.
func with(t *testing.T, content []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ramdiskProgram), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
