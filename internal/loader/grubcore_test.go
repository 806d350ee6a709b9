package loader

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/ulikunitz/xz/lzma"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/grubimage"
	"github.com/spurboot/spur/internal/route"
)

// coreGRUB is a GRUB for a BIOS, made of Debian's modules.
func coreGRUB(t testing.TB) []byte {
	t.Helper()
	tool, err := grubimage.Tool()
	if err != nil {
		t.Fatal(err)
	}
	core, err := grubimage.Targets()[0].Make(t.Context(), tool, unpacked(t, "grub-pc-bin", "usr/lib/grub"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return core
}

// What a GRUB for a BIOS can do shows once it is unpacked. Of one that can't be unpacked
// it is still known that it is one.
func TestIdentifyGRUBCore(t *testing.T) {
	core := coreGRUB(t)
	mknetdir := bytes.Clone(core)
	clear(mknetdir[:coreStart-0x200])
	copy(mknetdir, "\xb2\x7f\xea\x00\x82\x00\x00")
	damaged := bytes.Clone(core)
	binary.LittleEndian.PutUint32(damaged[coreSizes:], 1<<31)
	old := bytes.Clone(mknetdir)
	copy(old[coreStart+0x100:], multibootHeader)
	all := boot.CanHTTP | boot.CanTFTP | boot.CanBzImage | boot.CanMultiboot | boot.CanMultiboot2
	for name, tt := range map[string]struct {
		content []byte
		can     boot.Features
		prefix  string
	}{
		"of Spur's":       {core, all | boot.CanProxyDHCP | boot.CanUnderIPXE, "/grub"},
		"of grub-mkimage": {mknetdir, all | boot.CanUnderIPXE, "/grub"},
		"damaged":         {damaged, boot.CanTFTP | boot.CanBzImage | boot.CanProxyDHCP | boot.CanUnderIPXE, ""},
		"cut off":         {core[:len(core)/2], boot.CanTFTP | boot.CanBzImage | boot.CanProxyDHCP | boot.CanUnderIPXE, ""},
		"for multiboot":   {old, all, "/grub"},
	} {
		b, err := Look("core.0", tt.content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if id := b.Identity; id.Kind != route.KindGRUB || id.Firmware != boot.BIOS || id.Features != tt.can || id.Prefix != tt.prefix || (version(id.Version) != "2.06-13") != (tt.prefix == "") {
			t.Errorf("%s: %+v can %v", name, id, id.Features.Names())
		}
	}
}

// What no real core unpacks to isn't unpacked.
func TestGRUBCoreUnpacksToMuch(t *testing.T) {
	var packed bytes.Buffer
	w, err := lzma.WriterConfig{DictCap: 1 << 16, Size: SizeMost}.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.Write(make([]byte, SizeMost)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	bomb := append(bytes.Clone(coreGRUB(t)[:coreStart+0x1000]), packed.Bytes()[lzma.HeaderLen:]...)
	binary.LittleEndian.PutUint32(bomb[coreSizes:], uint32(packed.Len()-lzma.HeaderLen))
	binary.LittleEndian.PutUint32(bomb[coreSizes+4:], SizeMost)
	if core, err := unpackCore(bomb); err == nil {
		t.Errorf("%d bytes become %d", len(bomb), len(core))
	}
	if b, err := Look("core.0", bomb); err != nil || b.Identity.Kind != route.KindGRUB {
		t.Errorf("%+v, %v", b.Identity, err)
	}
}

func FuzzGRUBCore(f *testing.F) {
	core := coreGRUB(f)
	f.Add(core[:coreStart+4096])
	f.Add(core[len(core)-4096:])
	f.Fuzz(func(t *testing.T, b []byte) {
		head := bytes.Clone(core[:coreStart+0x40])
		content := append(head, b...)
		if n := min(len(b), 8); n == 8 {
			copy(content[coreSizes:], b[:8]) // the sizes of the parts
		}
		var id, again route.Identity
		tellGRUBCore(&id, content)
		tellGRUBCore(&again, content)
		if line(id) != line(again) {
			t.Error("it is not always the same")
		}
	})
}
