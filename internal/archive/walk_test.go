package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files are what the archives of the tests have.
var files = map[string]string{"usr/lib/ipxe/snponly.efi": "MZ" + strings.Repeat("snponly ", 1000), "usr/share/doc/readme": "text\n", "boot/empty": ""}

// makers make an archive of the folder "tree" with other people's programs.
var makers = map[string]string{
	"tar":         "tar -C tree -cf $OUT .",
	"tar.gz":      "tar -C tree -czf $OUT usr boot",
	"tar.xz":      "tar -C tree -cJf $OUT .",
	"tar.zst":     "tar -C tree --zstd -cf $OUT .",
	"tar.bz2":     "tar -C tree -cjf $OUT .",
	"zip":         "cd tree && zip -q -r -y - . >../$OUT",
	"deb":         `mkdir tree/DEBIAN && printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >tree/DEBIAN/control && dpkg-deb --root-owner-group -b tree $OUT`,
	"deb zst":     `mkdir tree/DEBIAN && printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >tree/DEBIAN/control && dpkg-deb --root-owner-group -Zzstd -b tree $OUT`,
	"iso":         "genisoimage -quiet -R -o $OUT tree",
	"iso xorriso": "xorriso -as mkisofs -quiet -o $OUT tree",
	"rpm": `cat >x.spec <<X
Name: x
Version: 1
Release: 1
Summary: x
License: x
BuildArch: noarch
%define _binary_payload w6.xzdio
%description
x
%install
cp -r $PWD/tree/. %{buildroot}
%files
/usr
/boot
X
rpmbuild --quiet --define "_topdir $PWD/rpm" -bb x.spec >&2 && mv rpm/RPMS/noarch/*.rpm $OUT`,
}

// archiveBy runs one of makers and returns the archive.
func archiveBy(t testing.TB, script string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, "tree", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "tree/boot/link")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "OUT=out", "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// contents walks an archive. Names are in small letters and without what ISO 9660
// cuts off them.
func contents(name string, b []byte) (map[string]string, error) {
	found := map[string]string{}
	err := Walk(context.Background(), name, bytes.NewReader(b), int64(len(b)), func(f File) error {
		content, err := io.ReadAll(f)
		if err == nil && f.Size >= 0 && f.Size != int64(len(content)) {
			err = errors.New("the size is wrong")
		}
		found[strings.ToLower(f.Name)] = string(content)
		return err
	})
	return found, err
}

func TestWalkOtherPeoplesArchives(t *testing.T) {
	for name, script := range makers {
		t.Run(name, func(t *testing.T) {
			got, err := contents("x."+name, archiveBy(t, script))
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range files {
				if content, ok := got[name]; !ok || content != want {
					t.Errorf("%s: %d bytes, %t", name, len(content), ok)
				}
			}
			for name, content := range got {
				if strings.Contains(content, "root:") {
					t.Errorf("the link %s was followed", name)
				}
			}
		})
	}
}

// What is compressed and no archive inside is one file.
func TestWalkOneCompressedFile(t *testing.T) {
	got, err := contents("/a/snponly.efi.gz", archiveBy(t, "gzip -c tree/usr/lib/ipxe/snponly.efi >$OUT"))
	if err != nil || got["snponly.efi"] != files["usr/lib/ipxe/snponly.efi"] {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWalkRefuses(t *testing.T) {
	outside := tarOf(t, "../../etc/cron.d/x")
	iso := archiveBy(t, makers["iso"])
	circle := bytes.Clone(iso)
	// The folder BOOT becomes the root folder.
	at := bytes.Index(circle, []byte("\x04BOOT")) - 32
	copy(circle[at+2:at+18], circle[isoRoot+2:isoRoot+18])
	deb := archiveBy(t, makers["deb"])
	for _, tt := range []struct {
		name, want string
		content    []byte
	}{
		{"text", "no archive that Spur can open", []byte("#!ipxe\n")},
		{"empty", "no archive that Spur can open", nil},
		{"outside", `has the path "../../etc/cron.d/x", which leads out of it`, outside},
		{"circle", "folder of its CD image makes no sense", circle},
		{"cut off ISO", "cut off or damaged", iso[:bytes.Index(iso, []byte("snponly "))+100]},
		{"cut off deb", "it is cut off", deb[:len(deb)/2]},
		{"damaged deb", "it is damaged", append(bytes.Clone(deb[:len(deb)-200]), make([]byte, 200)...)},
		{"dictionary", "would take more than 128 MiB of memory", archiveBy(t, "echo x | xz --lzma2=preset=0,dict=1536MiB >$OUT")},
		{"dictionary of another stream", "would take more than 128 MiB of memory", archiveBy(t, "echo x | xz >$OUT && echo x | xz --lzma2=preset=0,dict=1536MiB >>$OUT")},
		{"window", "would take more than 128 MiB of memory", archiveBy(t, "head -c 300M /dev/zero | zstd -q --long=31 --single-thread >$OUT")},
	} {
		err := Walk(t.Context(), tt.name, bytes.NewReader(tt.content), int64(len(tt.content)), func(f File) error {
			_, err := io.Copy(io.Discard, f)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// bombs unpack to 8 MiB.
var bombs = map[string]string{
	"gzip":           "head -c 8M /dev/zero | gzip >$OUT",
	"sparse tar":     "truncate -s 8M big && tar --format=gnu -Scf $OUT big",
	"sparse PAX tar": "truncate -s 8M big && tar --format=pax -Scf $OUT big",
}

// What unpacks to more than it may is refused before it is unpacked.
func TestWalkBomb(t *testing.T) {
	for name, script := range bombs {
		bomb, unpacked := archiveBy(t, script), int64(0)
		w := &walk{ctx: t.Context(), left: 1 << 20, visit: func(f File) (err error) {
			unpacked, err = io.Copy(io.Discard, f)
			return err
		}}
		if err := w.stream("bomb", bytes.NewReader(bomb), true); err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
			t.Errorf("%s: %v after %d bytes", name, err, unpacked)
		}
	}
}

// A file of which little is read from the archive ends with the context too.
func TestWalkEndsWithItsContext(t *testing.T) {
	for name, script := range bombs {
		ctx, cancel := context.WithCancel(t.Context())
		bomb := archiveBy(t, script)
		err := Walk(ctx, "bomb", bytes.NewReader(bomb), int64(len(bomb)), func(f File) error {
			cancel()
			_, err := io.Copy(io.Discard, f)
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A directory of a zip archive is refused before it is read, by the number of its
// entries; one that has more than it says, by what is read of it.
func TestWalkZipOfManyFiles(t *testing.T) {
	var many bytes.Buffer
	z := zip.NewWriter(&many)
	for range 70_000 { // too many for the record without 64 bits
		if _, err := z.CreateHeader(&zip.FileHeader{Name: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if n := zipEntries(bytes.NewReader(many.Bytes()), int64(many.Len())); n != 70_000 {
		t.Errorf("it is said to have %d entries", n)
	}

	const nameLength = 300
	entry := append(append([]byte("PK\x01\x02"), make([]byte, 42)...), strings.Repeat("x", nameLength)...)
	binary.LittleEndian.PutUint16(entry[28:], nameLength)
	lies := append(append([]byte(zipMagic), make([]byte, 26)...), bytes.Repeat(entry, 1<<16+1)...)
	end := append([]byte(zipEndMagic), make([]byte, 18)...)
	binary.LittleEndian.PutUint16(end[10:], 1)
	binary.LittleEndian.PutUint32(end[12:], uint32(len(lies)-30))
	binary.LittleEndian.PutUint32(end[16:], 30)
	lies = append(lies, end...)

	for want, b := range map[string][]byte{"it has more than 50000 files": many.Bytes(), "its directory has more than 16 MiB": lies} {
		err := Walk(t.Context(), "x", bytes.NewReader(b), int64(len(b)), func(File) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func tarOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWalkEndsWithTheVisitor(t *testing.T) {
	enough := errors.New("enough")
	var seen []string
	b := tarOf(t, "a", "b", "c")
	err := Walk(t.Context(), "x", bytes.NewReader(b), int64(len(b)), func(f File) error {
		seen = append(seen, f.Name)
		return enough
	})
	if !errors.Is(err, enough) || !slices.Equal(seen, []string{"a"}) {
		t.Errorf("%v, %v", err, seen)
	}
}

func FuzzWalk(f *testing.F) {
	for _, name := range []string{"tar.gz", "zip", "deb", "deb zst", "rpm"} {
		f.Add(archiveBy(f, makers[name]))
	}
	rpm := append([]byte(rpmMagic), make([]byte, rpmLead-4)...)
	for range 2 {
		rpm = binary.BigEndian.AppendUint64(append(rpm, rpmHeaderMagic+"\x00\x00\x00\x00"...), 0)
	}
	f.Add(rpm)
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = Walk(t.Context(), "x", bytes.NewReader(b), int64(len(b)), func(f File) error {
			_, err := io.CopyN(io.Discard, f, 1<<16)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		})
	})
}

func FuzzISO(f *testing.F) {
	iso := archiveBy(f, makers["iso"])
	f.Add(iso[isoAt:])
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(make([]byte, isoAt), b...)
		w := &walk{ctx: t.Context(), left: 1 << 20, visit: func(File) error { return nil }}
		_ = w.iso(bytes.NewReader(b), int64(len(b)))
	})
}
