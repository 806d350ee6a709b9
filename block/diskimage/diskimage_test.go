package diskimage_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/imagemap/imagemaptest"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/block/raw"
	"github.com/spurboot/spur/block/vhd"
	"github.com/spurboot/spur/block/vhdx"
	"github.com/spurboot/spur/block/vmdk"
)

// openFile opens an image by its name.
func openFile(t testing.TB, name string, o diskimage.Options) *diskimage.Image {
	t.Helper()
	d, err := tryFile(t, name, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func tryFile(t testing.TB, name string, o diskimage.Options) (*diskimage.Image, error) {
	t.Helper()
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: o.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	d, err := diskimage.Open(context.Background(), file, o)
	if err != nil {
		if err := file.Close(); err != nil {
			t.Errorf("when Open failed the file was closed: %v", err)
		}
		return nil, err
	}
	return d, nil
}

// TestAnyFormat opens what QEMU made, by its contents and by its name.
func TestAnyFormat(t *testing.T) {
	for format, qemu := range map[diskimage.Format]string{diskimage.Raw: "raw", diskimage.Qcow2: "qcow2", diskimage.VHD: "vpc", diskimage.VHDX: "vhdx", diskimage.VMDK: "vmdk"} {
		t.Run(string(format), func(t *testing.T) {
			options := map[diskimage.Format]string{
				diskimage.Raw: "preallocation=off", diskimage.Qcow2: "compat=1.1", diskimage.VHD: "force_size=on",
				diskimage.VHDX: "subformat=dynamic", diskimage.VMDK: "subformat=monolithicSparse",
			}[format]
			name, want := imagemaptest.Image(t, qemu, options, 900<<10, 4)
			for _, known := range []diskimage.Format{"", format} {
				d := openFile(t, name, diskimage.Options{ReadOnly: true, Format: known, Opener: diskimage.Beside(name)})
				if d.Format != format || d.Format.QEMU() != qemu || diskimage.FromQEMU(qemu) != format {
					t.Errorf("it is %s", d.Format)
				}
				if !bytes.Equal(imagemaptest.Contents(t, d), want) {
					t.Error("it reads otherwise than in QEMU")
				}
				if err := d.Write(t.Context(), []byte("x"), 0, 0); !errors.Is(err, block.ErrReadOnly) {
					t.Errorf("write: %v", err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestForWriting: only raw and qcow2 are written, and raw isn't guessed unless
// that is asked for.
func TestForWriting(t *testing.T) {
	for _, c := range []struct {
		qemu string
		o    diskimage.Options
		err  error
	}{
		{"raw", diskimage.Options{}, diskimage.ErrUnknownFormat},
		{"raw", diskimage.Options{Guess: true}, nil},
		{"raw", diskimage.Options{Format: diskimage.Raw}, nil},
		{"qcow2", diskimage.Options{}, nil},
		{"qcow2", diskimage.Options{Format: diskimage.Raw}, nil},
		{"vhdx", diskimage.Options{}, diskimage.UnwritableError{Format: diskimage.VHDX}},
		{"vhdx", diskimage.Options{Guess: true}, block.ErrReadOnly},
		{"vmdk", diskimage.Options{}, diskimage.UnwritableError{Format: diskimage.VMDK}},
	} {
		name := filepath.Join(t.TempDir(), "disk")
		imagemaptest.QEMUImg(t, "create", "-q", "-f", c.qemu, name, "8M")
		d, err := tryFile(t, name, c.o)
		if !errors.Is(err, c.err) {
			t.Errorf("%s %+v: %v, want %v", c.qemu, c.o, err, c.err)
		}
		if err == nil {
			if err := d.Write(t.Context(), []byte("hello"), 4096, block.FUA); err != nil {
				t.Error(err)
			}
			d.Close()
		}
	}
}

// TestUnreadable: an image of a format that isn't read is no raw disk.
func TestUnreadable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk")
	imagemaptest.QEMUImg(t, "create", "-q", "-f", "vdi", name, "1M")
	for _, o := range []diskimage.Options{{}, {ReadOnly: true}, {Guess: true}} {
		var unreadable diskimage.UnreadableError
		if _, err := tryFile(t, name, o); !errors.As(err, &unreadable) || unreadable.Format != "vdi" {
			t.Errorf("%+v: %v", o, err)
		}
	}
	openFile(t, name, diskimage.Options{ReadOnly: true, Format: diskimage.Raw}).Close()
	if _, err := tryFile(t, name, diskimage.Options{Format: "zip"}); err == nil || !strings.Contains(err.Error(), "zip is unknown") {
		t.Errorf("%v", err)
	}
}

// TestContract holds a guessed disk, which is guarded, to what a device is.
func TestContract(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(name, make([]byte, 256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	blocktest.Run(t, func(t *testing.T) block.Device { return openFile(t, name, diskimage.Options{Guess: true}) })
}

// chainOf makes an overlay over an overlay over a disk, in folders of its own,
// and returns the names from the bottom up.
func chainOf(t *testing.T, bottom string) []string {
	t.Helper()
	dir := t.TempDir()
	names := []string{filepath.Join(dir, "base", "disk"), filepath.Join(dir, "top", "middle"), filepath.Join(dir, "top", "disk")}
	for _, folder := range []string{"base", "top"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	imagemaptest.QEMUImg(t, "create", "-q", "-f", bottom, names[0], "1M")
	imagemaptest.QEMUImg(t, "create", "-q", "-f", "qcow2", "-b", "../base/disk", "-F", bottom, names[1])
	imagemaptest.QEMUImg(t, "create", "-q", "-f", "qcow2", "-b", "middle", "-F", "qcow2", names[2])
	return names
}

// TestOtherFiles: what an image names is opened by the caller's rules alone.
func TestOtherFiles(t *testing.T) {
	for _, bottom := range []string{"raw", "vhdx"} {
		names := chainOf(t, bottom)
		top, folder := names[2], filepath.Dir(names[0])
		open := func(opener diskimage.Opener) error {
			d, err := tryFile(t, top, diskimage.Options{ReadOnly: true, Opener: opener})
			if err == nil {
				d.Close()
			}
			return err
		}
		if err := open(nil); err == nil {
			t.Error("files were opened that nobody allowed")
		}
		if err := open(diskimage.Beside(top)); !errors.Is(err, diskimage.ErrOutside) {
			t.Errorf("outside: %v", err)
		}
		if err := open(diskimage.Beside(top, folder)); err != nil {
			t.Error(err)
		}
		var asked []diskimage.Reference
		if err := open(func(ctx context.Context, ref diskimage.Reference) (diskimage.Opened, error) {
			asked = append(asked, ref)
			return diskimage.Beside(top, folder)(ctx, ref)
		}); err != nil {
			t.Error(err)
		}
		want := []diskimage.Reference{{Name: "middle", Format: diskimage.Qcow2}, {Name: "../base/disk", Format: diskimage.Format(bottom), From: names[1]}}
		if !slices.Equal(asked, want) {
			t.Errorf("asked for %+v, not %+v", asked, want)
		}
		alone := openFile(t, top, diskimage.Options{ReadOnly: true, Alone: true})
		if !slices.Equal(alone.Below, want[:1]) {
			t.Errorf("alone it lies over %+v", alone.Below)
		}
		alone.Close()
	}
}

// TestLoop: a chain that leads back into itself ends.
func TestLoop(t *testing.T) {
	names := chainOf(t, "qcow2")
	imagemaptest.QEMUImg(t, "rebase", "-u", "-f", "qcow2", "-b", names[2], "-F", "qcow2", names[0])
	for _, opener := range []diskimage.Opener{diskimage.Beside(names[2], filepath.Dir(names[0]))} {
		if d, err := tryFile(t, names[2], diskimage.Options{ReadOnly: true, Opener: opener}); err == nil {
			d.Close()
			t.Error("a loop was opened")
		}
	}
}

// TestParts opens a VMDK whose parts are files of their own, if they may be.
func TestParts(t *testing.T) {
	name, want := imagemaptest.Image(t, "vmdk", "subformat=monolithicFlat", 900<<10, 4)
	d := openFile(t, name, diskimage.Options{ReadOnly: true, Opener: func(ctx context.Context, ref diskimage.Reference) (diskimage.Opened, error) {
		if !ref.Extent {
			t.Errorf("%+v isn't told as a part", ref)
		}
		return diskimage.Beside(name)(ctx, ref)
	}})
	defer d.Close()
	if !bytes.Equal(imagemaptest.Contents(t, d), want) {
		t.Error("it reads otherwise than in QEMU")
	}
	if _, err := tryFile(t, name, diskimage.Options{ReadOnly: true}); err == nil {
		t.Error("its parts were opened though nobody allowed that")
	}
}

// TestOnADevice opens an image that is kept on a device, and leaves it as it is.
func TestOnADevice(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk.qcow2")
	imagemaptest.QEMUImg(t, "create", "-q", "-f", "qcow2", name, "1M")
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m := block.NewMemory(int64(len(content)))
	if err := m.Write(t.Context(), content, 0, 0); err != nil {
		t.Fatal(err)
	}
	d, err := diskimage.Open(t.Context(), block.FileOf(t.Context(), m), diskimage.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := imagemaptest.Contents(t, d); len(got) != 1<<20 || bytes.Count(got, []byte{0}) != len(got) {
		t.Errorf("%d bytes", len(got))
	}
	f := block.FileOf(t.Context(), m)
	if _, err := f.WriteAt(content, 0); !errors.Is(err, block.ErrReadOnly) {
		t.Errorf("for writing: %v", err)
	}
}

// TestOpenersAlike: the formats' own packages open a file by the same arguments,
// and leave it open where they fail.
func TestOpenersAlike(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(name, bytes.Repeat([]byte("x"), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	for format, open := range map[diskimage.Format]func(context.Context, block.File) (block.Device, error){
		diskimage.Raw: func(ctx context.Context, f block.File) (block.Device, error) { return raw.Open(ctx, f, raw.Options{}) },
		diskimage.Qcow2: func(ctx context.Context, f block.File) (block.Device, error) {
			return qcow2.Open(ctx, f, qcow2.Options{})
		},
		diskimage.VHD: func(ctx context.Context, f block.File) (block.Device, error) { return vhd.Open(ctx, f, vhd.Options{}) },
		diskimage.VHDX: func(ctx context.Context, f block.File) (block.Device, error) {
			return vhdx.Open(ctx, f, vhdx.Options{})
		},
		diskimage.VMDK: func(ctx context.Context, f block.File) (block.Device, error) {
			return vmdk.Open(ctx, f, vmdk.Options{})
		},
	} {
		file, err := block.OpenFile(name, block.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := open(t.Context(), file)
		if (err == nil) != (format == diskimage.Raw) {
			t.Errorf("%s: %v", format, err)
		}
		if err == nil {
			err = d.Close()
		} else {
			err = file.Close()
		}
		if err != nil {
			t.Errorf("%s: close: %v", format, err)
		}
		if err := file.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: the file wasn't closed with the device: %v", format, err)
		}
	}
}

// TestResolve: names are followed as QEMU does, from the file that has them.
func TestResolve(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"mkdir", "a", "b"}, {"touch", "a/image", "a/base", "b/other"}, {"ln", "-s", "../b/other", "a/link"}, {"ln", "-s", "a/image", "image"}} {
		run := exec.Command(command[0], command[1:]...)
		run.Dir = dir
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	image := filepath.Join(dir, "image") // a link into a
	for _, c := range []struct {
		ref  diskimage.Reference
		want string
		err  error
	}{
		{diskimage.Reference{Name: "base"}, "a/base", nil},
		{diskimage.Reference{Name: "file:base"}, "a/base", nil},
		{diskimage.Reference{Name: filepath.Join(dir, "b", "other")}, "b/other", nil},
		{diskimage.Reference{Name: "link"}, "b/other", nil},
		{diskimage.Reference{Name: "other", From: filepath.Join(dir, "b", "middle")}, "b/other", nil},
		{diskimage.Reference{Name: "other"}, "", fs.ErrNotExist},
		{diskimage.Reference{Name: "nbd://host/x"}, "", diskimage.ErrNotFile},
		{diskimage.Reference{Name: "ssh:host"}, "", diskimage.ErrNotFile},
		{diskimage.Reference{Name: `json:{"driver":"raw"}`}, "", diskimage.ErrNotFile},
	} {
		got, err := diskimage.Resolve(image, c.ref)
		if !errors.Is(err, c.err) || err == nil && got != filepath.Join(dir, c.want) {
			t.Errorf("%+v: %q, %v", c.ref, got, err)
		}
	}
}

func FuzzDetect(f *testing.F) {
	for _, head := range []string{"", "QFI\xfb", "conectix", "vhdxfile", "KDMV", "QED\x00", "# Disk DescriptorFile"} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		if format, err := diskimage.Detect(bytes.NewReader(head)); (format == "") != (err != nil) {
			t.Errorf("%q, %v", format, err)
		}
	})
}
