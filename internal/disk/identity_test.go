package disk

import (
	"os"
	"path/filepath"
	"testing"
)

// open makes a disk in a folder, and opens it.
func openIn(t *testing.T, folder string) *Disk {
	t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "disk.qcow2")
	if _, err := os.Stat(name); err != nil {
		if err := Create(t.Context(), name, CreateOptions{Size: 1 << 20}); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(t.Context(), name, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	a, b, again := openIn(t, filepath.Join(dir, "a")), openIn(t, filepath.Join(dir, "b")), openIn(t, filepath.Join(dir, "a"))
	if err := os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	linked := openIn(t, filepath.Join(dir, "link"))
	id := func(d *Disk) Identity {
		t.Helper()
		id, err := d.Identity()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	if id(a) == id(b) {
		t.Error("two files of one name are one disk")
	}
	if id(a) != id(again) || id(a) != id(linked) {
		t.Error("a file isn't the disk that it was")
	}
	const named, other = "iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b"
	if IdentifyUnit(named, 0) == IdentifyUnit(named, 1) || IdentifyUnit(named, 0) == IdentifyUnit(other, 0) || IdentifyUnit(named, 0) == id(a) {
		t.Error("two units are one disk")
	}
	if identify("host1", "/disk.qcow2") == identify("host2", "/disk.qcow2") {
		t.Error("the disks of two hosts are one")
	}
	if serial := id(a).Serial(); len(serial) != 20 {
		t.Errorf("the serial number is %q", serial)
	}
}

// TestDeviceID has block devices known by what they are: their numbers and names
// may be others after a boot.
func TestDeviceID(t *testing.T) {
	sys := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(sys, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sys, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(number, to string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(sys, "dev/block"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../../"+to, filepath.Join(sys, "dev/block", number)); err != nil {
			t.Fatal(err)
		}
	}
	write("devices/pci/target0/block/sda/size", "1\n")
	write("devices/pci/target0/block/sda/device/wwid", "naa.5000\n")
	write("devices/pci/target0/block/sda/sda2/partition", "2\n")
	write("devices/virtual/block/dm-3/dm/uuid", "LVM-abc\n")
	write("devices/virtual/block/loop0/loop/backing_file", "/srv/disk.img\n")
	write("devices/virtual/block/ram0/size", "1\n")
	link("8:0", "devices/pci/target0/block/sda")
	link("8:2", "devices/pci/target0/block/sda/sda2")
	link("253:3", "devices/virtual/block/dm-3")
	link("7:0", "devices/virtual/block/loop0")
	link("1:0", "devices/virtual/block/ram0")
	for _, c := range []struct {
		major, minor uint32
		want         string
	}{
		{8, 0, "device/wwid\x00naa.5000\x00"},
		{8, 2, "device/wwid\x00naa.5000\x002"},
		{253, 3, "dm/uuid\x00LVM-abc\x00"},
		{7, 0, "loop/backing_file\x00/srv/disk.img\x00"},
		{1, 0, ""},
		{9, 9, ""},
	} {
		if got := deviceID(os.DirFS(sys), c.major, c.minor); got != c.want {
			t.Errorf("%d:%d is %q, not %q", c.major, c.minor, got, c.want)
		}
	}
}

// TestHost: the machine ID of a host that was never booted is none.
func TestHost(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const id = "0123456789abcdef0123456789abcdef"
	for content, want := range map[string]string{id + "\n": id, "": name, "uninitialized\n": name} {
		root := t.TempDir()
		if err := os.Mkdir(filepath.Join(root, "etc"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "etc", "machine-id"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, lasting := ThisHost(root)
		if got != want || lasting != (want == id) {
			t.Errorf("%q: %s, %v", content, got, lasting)
		}
	}
}
