package disk_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/disk"
)

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAdviceFits: an error says what is wrong in plain words, and what can be
// done about it there.
func TestAdviceFits(t *testing.T) {
	t.Setenv("TMPDIR", "/var/tmp") // a file system in memory, as /tmp may be, has no largest file
	t.Chdir(t.TempDir())
	ctx := t.Context()
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, "raw.img", strings.Repeat("no image", 1024))
	image(t, "wrong.qcow2", "raw.img", "qcow2")
	if out, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "encrypted.qcow2", "1M").CombinedOutput(); err != nil {
		t.Fatalf("qemu-img (package qemu-utils): %v: %s", err, out)
	}
	// crypt_method 2, LUKS (qcow2.txt, "Header"). qemu-img itself measures how fast
	// the computer is to make one, and fails where that is busy.
	patch(t, "encrypted.qcow2", 32, []byte{0, 0, 0, 2})
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()

	create := func(name string, o disk.CreateOptions) error { return disk.Create(ctx, name, o) }
	convert := func(from, to string) error { return disk.Convert(ctx, from, to, disk.ConvertOptions{}) }
	open := func(name string, o disk.Options) error {
		d, err := disk.Open(ctx, name, o)
		if err == nil {
			d.Close()
		}
		return err
	}
	overlay := func(name string) error { return open(name, disk.Options{Base: "raw.img"}) }
	for _, c := range []struct {
		what         string
		err          error
		says, advice string
	}{
		{"open an encrypted image", open("encrypted.qcow2", disk.Options{}), "encryption is not supported", "encrypt.key-secret"},
		{"open a folder", open("folder", disk.Options{}), "folder is a folder", "the image in it"},
		{"create where no folder is", create("no/a.qcow2", disk.CreateOptions{Size: 1 << 20}), "there is no folder no", "mkdir -p no"},
		{"create raw where no folder is", create("no/a.img", disk.CreateOptions{Size: 1 << 20, Format: diskimage.Raw}), "there is no folder no", "mkdir -p no"},
		{"create over another where no folder is", create("no/a.qcow2", disk.CreateOptions{Backing: "raw.img"}), "there is no folder no", "mkdir -p no"},
		{"convert where no folder is", convert("raw.img", "no/a.qcow2"), "there is no folder no", "mkdir -p no"},
		{"overlay where no folder is", overlay("no/a.qcow2"), "there is no folder no", "mkdir -p no"},
		{"create below a file", create("raw.img/a.qcow2", disk.CreateOptions{Size: 1 << 20}), "raw.img is no folder", "check the name"},
		{"open below a file", open("raw.img/a", disk.Options{}), "raw.img/a", "check the name"},
		{"open as qcow2", open("raw.img", disk.Options{Format: diskimage.Qcow2}), "not a qcow2 image", "without a format given"},
		{"open over what is no qcow2", open("wrong.qcow2", disk.Options{}), "not a qcow2 image", "qemu-img rebase -u -F"},
		{"overlay that is raw", overlay("raw.img"), "raw.img is no overlay", "another --overlay"},
		{"create too large", create("a.qcow2", disk.CreateOptions{Size: 100000 << 40}), "no room for a disk of 97.7 PiB", "the largest is 2 PiB"},
		{"create the largest there is", create("a.qcow2", disk.CreateOptions{Size: 1<<63 - 512}), "no room for a disk of 8 EiB", "the largest is 2 PiB"},
		{"create raw too large", create("a.img", disk.CreateOptions{Size: 1<<63 - 512, Format: diskimage.Raw}), "a.img: its file system", "smaller"},
		{"create by another format's name", create("a.vmdk", disk.CreateOptions{Size: 1 << 20}), "a.vmdk is the name of a file of format vmdk", ".qcow2"},
		{"convert to another format's name", convert("raw.img", "a.VHDX"), "a.VHDX is the name of a file of format vhdx", ".qcow2"},
		{"overlay by another format's name", overlay("a.vdi"), "a.vdi is the name of a file of format vdi", ".qcow2"},
		{"open for reading", open("typo.qcow2", disk.Options{ReadOnly: true}), "there is no file typo.qcow2", "check the name"},
		{"convert", convert("typo.qcow2", "a.qcow2"), "there is no file typo.qcow2", "check the name"},
		{"create over", create("a.qcow2", disk.CreateOptions{Backing: "typo.img"}), "there is no file typo.img", "check the name"},
		{"convert ftp", convert("ftp://192.0.2.1/a", "a.qcow2"), "ftp://192.0.2.1/a is a URL, which isn't taken here", "only http and https"},
		{"convert no URL", convert("http://", "a.qcow2"), "http://", "http://HOST/PATH"},
		{"convert a URL that refuses", convert(closed.URL+"/a.img", "a.qcow2"), ": no server runs at 127.0.0.1:", "start the server, or check the host"},
		{"convert a URL that has nothing", convert(server.URL+"/a.img", "a.qcow2"), "there is no file " + server.URL + "/a.img (the server says 404 Not Found)", "check the path in the URL"},
	} {
		if c.err == nil {
			t.Errorf("%s: done", c.what)
			continue
		}
		if text := c.err.Error(); !strings.Contains(text, c.says) || strings.Contains(text, "stat /") || strings.Contains(text, "\n") {
			t.Errorf("%s: %q says nothing like %q", c.what, text, c.says)
		}
		if advice := advice.Of(c.err); !strings.Contains(advice, c.advice) || strings.Contains(advice, "spur disk create") {
			t.Errorf("%s: advice %q, not %q", c.what, advice, c.advice)
		}
	}
}

// TestLongChain: what a chain of images with long names is told by is short.
func TestLongChain(t *testing.T) {
	t.Chdir(t.TempDir())
	name := func(i int) string { return fmt.Sprintf("%03d-%s", i, strings.Repeat("ü", 120)) }
	const layers = 40
	for i := range layers {
		image(t, name(i), name(i+1), "qcow2")
	}
	_, err := disk.Open(t.Context(), name(0), disk.Options{ReadOnly: true})
	if err == nil || len(err.Error()) > 1000 || !strings.HasPrefix(err.Error(), "000-") || !strings.HasSuffix(err.Error(), "no such file or directory") || strings.ContainsRune(err.Error(), '\ufffd') {
		t.Errorf("%d bytes: %v", len(err.Error()), err)
	}
}

// TestCreateElsewhere tells of a backing file that has to be allowed.
func TestCreateElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, "base.img", strings.Repeat("x", 4096))
	write(t, "base:x.img", strings.Repeat("x", 4096))
	here, _ := os.Getwd()
	for _, c := range []struct{ name, backing, notice string }{
		{"beside.qcow2", "base.img", ""},
		{"colon.qcow2", "base:x.img", ""},
		{filepath.Join("folder", "below.qcow2"), "base.img", "--allow-backing " + here},
	} {
		told := ""
		if err := disk.Create(t.Context(), c.name, disk.CreateOptions{Backing: c.backing, Notice: func(text string) { told = text }}); err != nil {
			t.Fatal(err)
		}
		if (told == "") != (c.notice == "") || !strings.Contains(told, c.notice) {
			t.Errorf("%s over %s: told %q, not %q", c.name, c.backing, told, c.notice)
		}
	}
}

// patch writes bytes into a file.
func patch(t *testing.T, name string, off int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(b, off)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestAdviceOnWrite: who serves a raw disk that was guessed is told how a write
// that was refused for its sake may be done.
func TestAdviceOnWrite(t *testing.T) {
	err := fmt.Errorf("write: %w", diskimage.DisguiseError{As: diskimage.Qcow2})
	if got := disk.AdviceOnWrite(err); !strings.Contains(got, "--format raw") {
		t.Errorf("%q", got)
	}
}
