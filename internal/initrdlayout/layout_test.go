package initrdlayout

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// What only loaders read is left out, links stay links, and the script comes with it all.
func TestEntries(t *testing.T) {
	l, ok := Find("debian-installer")
	if !ok || !slices.Equal(Names(), []string{"debian-installer"}) {
		t.Fatalf("the layouts are %v", Names())
	}
	entries, bytes, err := l.Entries(fstest.MapFS{
		".disk/info":         {Data: []byte("Debian")},
		"install.amd/gtk/i":  {Data: []byte("much")},
		"boot/grub/grub.cfg": {Data: []byte("menu")},
		"efi.img":            {Data: []byte("loader")},
		"pool/main/a.udeb":   {Data: []byte("package"), Mode: 0o444},
		"dists/stable":       {Data: []byte("bookworm"), Mode: fs.ModeSymlink | 0o777},
		"pipe":               {Mode: fs.ModeNamedPipe},
	})
	if err != nil || bytes != int64(len("Debian")+len("package")) {
		t.Fatal(err, bytes)
	}
	var got []string
	for _, e := range entries {
		switch {
		case e.Text != "":
			got = append(got, fmt.Sprintf("%s %v has a text", e.Name, e.Mode))
		case e.Target != "":
			got = append(got, e.Name+" -> "+e.Target)
		case e.Mode.IsDir():
			got = append(got, e.Name+"/")
		default:
			got = append(got, fmt.Sprintf("%s of %s, %d bytes", e.Name, e.From, e.Size))
		}
	}
	want := []string{
		"lib/debian-installer-startup.d/S25medium -rwxr-xr-x has a text", "cdrom/", "cdrom/.disk/", "cdrom/.disk/info of .disk/info, 6 bytes",
		"cdrom/dists/", "cdrom/dists/stable -> bookworm", "cdrom/pool/", "cdrom/pool/main/", "cdrom/pool/main/a.udeb of pool/main/a.udeb, 7 bytes",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the entries are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What is too much for an initrd is an error.
func TestTooMuch(t *testing.T) {
	l, _ := Find("debian-installer")
	if _, _, err := l.Entries(large{}); err == nil || !strings.Contains(err.Error(), "4 GiB or more") {
		t.Errorf("a medium of two large files: %v", err)
	}
	many := fstest.MapFS{}
	for i := range entriesMost {
		many[fmt.Sprint(i)] = &fstest.MapFile{}
	}
	if _, _, err := l.Entries(many); err == nil || !strings.Contains(err.Error(), "more than 65536 files") {
		t.Errorf("a medium of many files: %v", err)
	}
	if _, ok := Find("none"); ok {
		t.Error("there is a layout of no name")
	}
}

// large is a medium of two files of 2 GiB.
type large struct{}

func (large) Open(string) (fs.File, error)     { return nil, fs.ErrInvalid }
func (large) Stat(string) (fs.FileInfo, error) { return largeInfo{".", fs.ModeDir}, nil }
func (large) ReadDir(string) ([]fs.DirEntry, error) {
	return []fs.DirEntry{fs.FileInfoToDirEntry(largeInfo{"a", 0}), fs.FileInfoToDirEntry(largeInfo{"b", 0})}, nil
}

type largeInfo struct {
	name string
	mode fs.FileMode
}

func (i largeInfo) Name() string       { return i.name }
func (i largeInfo) Size() int64        { return 2 << 30 }
func (i largeInfo) Mode() fs.FileMode  { return i.mode }
func (i largeInfo) ModTime() time.Time { return time.Time{} }
func (i largeInfo) IsDir() bool        { return i.mode.IsDir() }
func (i largeInfo) Sys() any           { return nil }
