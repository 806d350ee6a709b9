package host

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Loaders are neither kept nor found where a link of another user's leads.
func TestLoadersBehindALinkOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test must run as root: it gives a link to another user")
	}
	t.Setenv("SUDO_UID", "")
	data, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Chmod(data, 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(data, "loaders")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(link, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	_, err := ImportLoaders(t.Context(), data, "/usr/lib/ipxe/snponly.efi")
	if err == nil || !strings.Contains(err.Error(), "a link that the user 65534 may have put there") {
		t.Errorf("import: %v", err)
	}
	if there, _ := os.ReadDir(elsewhere); len(there) > 0 {
		t.Errorf("it was kept behind the link: %v", there)
	}
	if _, err := ListLoaders(data, nil); err == nil || !strings.Contains(err.Error(), "a link that the user 65534 may have put there") {
		t.Errorf("list: %v", err)
	}
}

// Where the disk is full, another user or another name would be no help.
func TestAdviceOnImportToAFullDisk(t *testing.T) {
	full := &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for _, source := range []string{"snponly.efi", "http://example.org/snponly.efi"} {
		if got := adviseImport(full, source, "data/loaders"); !strings.HasPrefix(got, "make room") {
			t.Errorf("%s: %q", source, got)
		}
	}
}
