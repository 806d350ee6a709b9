package medium

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// programs are Debian's shim and a GRUB of Debian's, by their names on media.
func programs(t *testing.T, grub string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, from := range map[string][2]string{
		"BOOTX64.EFI": {"shim-signed", "usr/lib/shim/shimx64.efi.signed"},
		"mmx64.efi":   {"shim-helpers-amd64-signed", "usr/lib/shim/mmx64.efi.signed"},
		"grubx64.efi": {strings.SplitN(grub, " ", 2)[0], "usr/lib/grub/x86_64-efi-signed/" + strings.SplitN(grub, " ", 2)[1]},
	} {
		path, err := lab.Unpacked(from[0], from[1])
		if err != nil {
			t.Fatal(err)
		}
		all[name] = path
	}
	return all
}

// signedImage is a live image with such programs, among its files or in its boot image.
func signedImage(t *testing.T, programs map[string]string, inBootImage bool) string {
	t.Helper()
	kernel, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"live/vmlinuz": kernel, "live/initrd.img": "070701", "live/filesystem.squashfs": "hsqs",
		"boot/grub/grub.cfg": "menuentry Live {\nlinux /live/vmlinuz boot=live\ninitrd /live/initrd.img\n}\n",
	}
	if !inBootImage {
		for name, path := range programs {
			files["EFI/boot/"+name] = path
		}
		return imageOf(t, "d-live", files)
	}
	image := filepath.Join(t.TempDir(), "efi.img")
	script := `mkfs.fat -C "$1" 16384 && mmd -i "$1" ::EFI ::EFI/BOOT`
	args := []string{"-ec", script, "sh", image}
	if out, err := exec.CommandContext(t.Context(), "sh", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, path := range programs {
		if out, err := exec.CommandContext(t.Context(), "mcopy", "-i", image, path, "::EFI/BOOT/"+name).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	files["efi.img"] = image
	return imageOf(t, "d-live", files, "-e", "efi.img", "-no-emul-boot")
}

// A medium's own loaders are found in its boot image or among its files, with what they
// can do, and whether they get along.
func TestEFI(t *testing.T) {
	const trixie, backports = "grub-efi-amd64-signed/trixie", "grub-efi-amd64-signed/bookworm-backports"
	for _, tt := range []struct {
		name, grub  string
		inBootImage bool
		network     bool
		fault       string
		says        string
	}{
		{"for the network", trixie + " grubnetx64.efi.signed", true, true, "", "it starts EFI/BOOT/GRUBX64.EFI in the boot image"},
		{"for discs", trixie + " gcdx64.efi.signed", false, false, "", "it starts EFI/boot/grubx64.efi"},
		{"revoked", backports + " grubnetx64.efi.signed", false, true, "its shim 16.1 refuses its GRUB 2.12-1~bpo12+1: ", "its shim 16.1 refuses its GRUB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := signedImage(t, programs(t, tt.grub), tt.inBootImage)
			d, err := open(t, path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := d.Medium(d.inside("live/vmlinuz"))
			if err != nil || len(m.Chains) != 1 || m.Whole.Image.Source != path {
				t.Fatalf("%+v, %v", m, err)
			}
			c := m.Chains[0]
			if c.Arch != boot.X64 || !c.Signed || c.Reaches.Has(boot.CanTFTP) != tt.network || strings.Join(c.Signers, " ") != "Debian Secure Boot CA" || !strings.HasPrefix(c.Fault, tt.fault) || (c.Fault == "") != (tt.fault == "") {
				t.Errorf("the chain is %+v", c)
			}
			if strings.HasPrefix(c.Shim.Inside, boot.EFIImage) != tt.inBootImage || c.MokManager == (boot.File{}) {
				t.Errorf("the shim is %s, MokManager %s", c.Shim, c.MokManager)
			}
			var text bytes.Buffer
			if err := d.Describe().WriteText(&text); err != nil || !strings.Contains(text.String(), tt.says) || !strings.Contains(text.String(), "signed by Microsoft Corporation UEFI CA 2011, Microsoft UEFI CA 2023") {
				t.Errorf("it is described as\n%s", &text)
			}
		})
	}
}

// What is damaged or no program is passed over: a medium without a shim has no chain.
func TestEFIWithoutShim(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("MZ"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := programs(t, "grub-efi-amd64-signed/trixie gcdx64.efi.signed")
	all["BOOTX64.EFI"] = broken
	d, err := open(t, signedImage(t, all, true))
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Medium(d.inside("live/vmlinuz"))
	if err != nil || len(m.Chains) > 0 || m.Image.Source == "" || len(d.EFI()) != 2 {
		t.Errorf("%+v, %v", m, err)
	}
}
