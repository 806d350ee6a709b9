package diskserve

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/san"
)

// TestIdentity: the disk of a named target is the name's, that of another the
// file's.
func TestIdentity(t *testing.T) {
	var disks [2]*disk.Disk
	for i := range disks {
		name := filepath.Join(t.TempDir(), "disk.qcow2")
		if err := disk.Create(t.Context(), name, disk.CreateOptions{Size: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		d, err := disk.Open(t.Context(), name, disk.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		disks[i] = d
	}
	id := func(c Config, d *disk.Disk, number int) disk.Identity {
		t.Helper()
		id, err := c.identity(d, number)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a, b := disks[0], disks[1]
	plain, named := Config{Over: ISCSI}, Config{Over: ISCSI, Name: "iqn.2026-11.com.example:a"}
	if id(plain, a, 0) != id(plain, a, 3) || id(plain, a, 0) != id(Config{Over: AoE}, a, 0) || id(plain, a, 0) == id(plain, b, 0) {
		t.Error("a disk isn't its file's")
	}
	if id(named, a, 0) != id(named, b, 0) || id(named, a, 0) == id(named, a, 1) {
		t.Error("a named target isn't what its name says")
	}
	if n := len(uniqueIQN(strings.Repeat("a", 255), id(plain, a, 0))); n > 223 {
		t.Errorf("a name of %d bytes (RFC 7143 section 4.2.7.1)", n)
	}
}

// TestWarnOfHost warns of a host that isn't told from others, where that matters.
func TestWarnOfHost(t *testing.T) {
	for config, warned := range map[*Config]bool{
		{Over: ISCSI}: true, {Over: AoE}: true, {Over: NBD}: false, {Over: ISCSI, Name: "iqn.2026-11.com.example:a"}: false,
	} {
		var out strings.Builder
		config.warnOfHost(&san.Log{Out: &out}, t.TempDir())
		if (out.Len() > 0) != warned {
			t.Errorf("%s: %s", config.Over, out.String())
		}
	}
}
