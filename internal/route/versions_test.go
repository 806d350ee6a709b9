package route

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func iPXE(file, version, content string) Binary {
	return Binary{Build: Build{file, boot.UEFI, boot.X64}, Path: "/x/" + version + "/" + file, Identity: Identity{Version: version}, Sum: sha256.Sum256([]byte(content))}
}

// Other versions of a loader are rungs below its builds, and above another
// loader; a few of them, each with a name of its own that stays.
func TestVersionsAreRungs(t *testing.T) {
	have := Binaries{
		stub,
		iPXE("snponly.efi", "2.0", "a"), iPXE("snponly.efi", "2.0", "a"), iPXE("snponly.efi", "1.21", "b"),
		iPXE("snponly.efi", "1.20", "c"), iPXE("snponly.efi", "1.19", "d"),
		iPXE("ipxe.efi", "2.0", "e"), iPXE("ipxe.efi", "2.0", "f"),
	}
	ladder := Routes(uefiROM, linux(boot.X64), Host{Loaders: have})
	want := []string{
		"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct",
		"uefi-x64-snponly@1.21", "uefi-x64-snponly@1.20", "uefi-x64-ipxe@" + versionName(have[7], have[6:7]), "uefi-tftp",
	}
	if got := names(ladder); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i, r := range ladder.Routes[3:6] {
		b, ok := have.Given(r, uefiROM)
		if wanted := []Binary{have[3], have[4], have[7]}[i]; !ok || b.Sum != wanted.Sum || !strings.Contains(r.Why, wanted.Path) {
			t.Errorf("%s gives %s, because %s", r.Name, b.Path, r.Why)
		}
		back, ok := ByID(r.ID())
		if entry, _, _ := strings.Cut(r.Name, "@"); !ok || back.Name != entry {
			t.Errorf("%s is found again as %s", r.Name, back.Name)
		}
	}
	gone := ladder.Routes[3]
	gone.Binary++
	if b, ok := have.Given(gone, uefiROM); !ok || b.Sum != have[1].Sum {
		t.Errorf("of a version that is gone, %s stands in", b.Path)
	}
	for _, r := range Routes(secure, linux(boot.X64), Host{Loaders: have}).Routes {
		if strings.Contains(r.Name, "@") {
			t.Errorf("Secure Boot is offered %s, which isn't signed", r.Name)
		}
	}
}

// What calls itself oddly has its content for a name.
func TestVersionName(t *testing.T) {
	for version, odd := range map[string]bool{"1.21.1+git20250501": false, "": true, "2 0": true, "\x1b[2J": true, strings.Repeat("1", 41): true} {
		if b := iPXE("ipxe.efi", version, "x"); (versionName(b, nil) != version) != odd {
			t.Errorf("%q is called %q", version, versionName(b, nil))
		}
	}
}
