package route

import (
	"crypto/sha256"
	"os/exec"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// What dpkg says of versions and what CompareVersions says is the same.
func TestCompareVersionsAgainstDpkg(t *testing.T) {
	versions := []string{
		"1.0.0+git-20190125.36a4c85-5.1", "1.21.1+git-20220113.fbbdc3926-0ubuntu1", "1.21.1+git20250501.dad20602+dfsg-1", "2.0.0", "2.0.0~rc1",
		"2.06-13+deb12u2", "2.12-1~bpo12+1", "2.12-9+deb13u4", "2.12", "16.1", "15.8-1", "15.08-1", "252.39-1~deb12u1", "252.4", "257.13-1~deb13u1",
	}
	for _, x := range versions {
		for _, y := range versions {
			want := 1
			if exec.Command("dpkg", "--compare-versions", x, "lt", y).Run() == nil {
				want = -1
			} else if exec.Command("dpkg", "--compare-versions", x, "eq", y).Run() == nil {
				want = 0
			}
			if got := CompareVersions(x, y); got != want {
				t.Errorf("%s and %s: %d, want %d", x, y, got, want)
			}
		}
	}
	if CompareVersions("", "0") != -1 || CompareVersions("", "") != 0 {
		t.Error("a version that isn't known is not the oldest")
	}
}

func TestPrefer(t *testing.T) {
	binary := func(path, version string, own, signed bool) Binary {
		b := Binary{Build: Build{"snponly.efi", boot.UEFI, boot.X64}, Path: path, Own: own, Identity: Identity{Version: version}, Sum: sha256.Sum256([]byte(path))}
		if signed {
			b.Identity.Signatures = []Signature{{Signer: "S"}}
		}
		return b
	}
	want := []Binary{
		binary("/own/snponly.efi", "1.0", true, false),
		binary("/a/snponly.efi.signed", "2.0", false, true),
		binary("/a/snponly.efi", "2.0", false, false),
		binary("/a/x.efi", "2.0", false, false),
		binary("/b/snponly.efi", "1.21", false, true),
		binary("/c/snponly.efi", "", false, true),
	}
	have := Binaries(slices.Clone(want))
	slices.Reverse(have)
	slices.SortStableFunc(have, Prefer)
	for i, b := range have {
		if b.Path != want[i].Path {
			t.Errorf("at %d is %s, not %s", i, b.Path, want[i].Path)
		}
	}
	client := boot.Client{Firmware: boot.UEFI, Arch: boot.X64}
	slices.Reverse(have)
	if got, ok := have.ByID("snponly.efi", client, want[4].ID()); !ok || got.Path != want[4].Path {
		t.Errorf("by its ID it is %+v", got)
	}
	if _, ok := have.ByID("ipxe.efi", client, want[4].ID()); ok {
		t.Error("an ID of another build was found")
	}
}
