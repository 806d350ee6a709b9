package loader

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/grubimage"
)

// A GRUB that has a disk in it follows the configuration on the disk, on whatever part of
// it that is.
func TestGRUBFollows(t *testing.T) {
	uefi := boot.Client{Firmware: boot.UEFI, Arch: boot.X64}
	for _, test := range []struct {
		on   boot.GRUBConfig
		want string
	}{
		{boot.GRUBConfig{Partition: "gpt2", Path: "/EFI/it's/grub.cfg"}, "if set 'root=memdisk,gpt2'; then\nif set 'prefix=(memdisk,gpt2)/EFI/it'\\''s'; then\nif configfile '(memdisk,gpt2)/EFI/it'\\''s/grub.cfg'; then\nboot\n"},
		{boot.GRUBConfig{Path: "/boot/grub/grub.cfg"}, "if set 'root=memdisk'; then\nif set 'prefix=(memdisk)/boot/grub'; then\nif configfile '(memdisk)/boot/grub/grub.cfg'; then\n"},
		{boot.GRUBConfig{}, "GRUB cannot bring rescue disk.img.gz"},
	} {
		p := disk(boot.LayoutGPT)
		content := p.Content.(boot.Disk)
		content.GRUB = test.on
		p.Content = content
		if got := GRUBConfig(uefi, p, URLs{}); !strings.Contains(got, test.want) {
			t.Errorf("%+v: it lacks %q:\n%s", test.on, test.want, got)
		}
	}
}

// A GRUB that Spur makes for UEFI can have a disk put into it, once.
func TestIdentifyMemdisk(t *testing.T) {
	tool, err := grubimage.Tool()
	if err != nil {
		t.Fatal(err)
	}
	targets := grubimage.Targets()
	target := targets[slices.IndexFunc(targets, func(t grubimage.Target) bool { return t.Format == "x86_64-efi" })]
	image, err := target.Make(t.Context(), tool, unpacked(t, "grub-efi-amd64-bin", "usr/lib/grub"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	with, err := grubimage.WithMemdisk(image, 512)
	if err != nil {
		t.Fatal(err)
	}
	var full []byte
	for _, part := range with.Before {
		full = append(full, part.Bytes...)
		if part.Bytes == nil {
			full = append(full, image[part.From:part.From+part.Size]...)
		}
	}
	full = slices.Concat(full, bytes.Repeat([]byte("d"), 512), make([]byte, with.After))
	for name, test := range map[string]struct {
		content []byte
		can     bool
	}{"made": {image, true}, "with a disk": {full, false}} {
		b, err := Look("grub.efi", test.content)
		if err != nil || b.Identity.Features.Has(boot.CanMemdisk) != test.can || version(b.Identity.Version) != "2.06-13" {
			t.Errorf("%s: %+v, %v", name, b.Identity, err)
		}
	}
}
