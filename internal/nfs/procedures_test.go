package nfs

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	handleOfOthers = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	fileAttributes = 84
)

// TestLooks looks at files in every way that there is.
func TestLooks(t *testing.T) {
	r := newCaller(t, serverOf(t, small()))
	root := r.root()
	file := r.file(r.file(root, "live"), "filesystem.squashfs")
	d := r.nfs(statusOK, 1, file)
	if kind, mode, links := d.uint32(), d.uint32(), d.uint32(); kind != typeRegular || mode != 0o444 || links != 1 {
		t.Errorf("type %d, mode %o, %d links", kind, mode, links)
	}
	if d.uint64(); d.uint64() != 6 {
		t.Error("its size isn't 6")
	}
	d = r.nfs(statusOK, 5, r.file(root, "link"))
	if d.take(4 + fileAttributes); string(d.opaque(mostCall)) != "live/filesystem.squashfs" {
		t.Error("the link leads elsewhere")
	}
	for name, may := range map[string]uint32{"live": mayRead | mayLookUp | mayExecute, "run": mayRead | mayExecute, "empty": mayRead} {
		d = r.nfs(statusOK, 4, r.file(root, name), 0x3f)
		if d.take(4 + fileAttributes); d.uint32() != may {
			t.Errorf("not exactly %#x of %s is allowed", may, name)
		}
	}
	for _, p := range []uint32{18, 19, 20} {
		if d := r.nfs(statusOK, p, root); d.bad || len(d.b) < 4+fileAttributes {
			t.Errorf("procedure %d tells too little", p)
		}
	}
}

// TestTrouble asks for what isn't there or can't be done.
func TestTrouble(t *testing.T) {
	r := newCaller(t, serverOf(t, small()))
	root := r.root()
	run := r.file(root, "run")
	r.nfs(statusNotFound, 3, root, "absent")
	r.nfs(statusNotFolder, 3, run, "x")
	r.nfs(statusNameTooLong, 3, root, strings.Repeat("n", 256))
	r.nfs(statusNotFolder, 16, run, uint64(0), uint64(0), 4096)
	r.nfs(statusTooSmall, 16, root, uint64(0), uint64(0), 100)
	r.nfs(statusIsFolder, 6, root, uint64(0), 10)
	r.nfs(statusInvalid, 6, r.file(root, "pipe"), uint64(0), 10)
	r.nfs(statusInvalid, 5, run)
	for _, p := range []uint32{1, 3, 4, 5, 6, 16, 17, 18, 19, 20} {
		r.nfs(statusBadHandle, p, handleOfOthers, uint64(0), uint64(0), 9, 9)
		r.nfs(statusBadHandle, p, run[1:], uint64(0), uint64(0), 9, 9)
		r.nfs(statusBadHandle, p, testKey.Seal([]byte("another thing that was sealed")), uint64(0), uint64(0), 9, 9)
	}
	stale := testKey.Seal(slices.Concat([]byte(handleMark), make([]byte, 28)))
	r.nfs(statusStale, 1, stale)
	gone := slices.Concat([]byte(handleMark), []byte{19: 0}, make([]byte, 8))
	copy(gone[len(handleMark):], []byte{1, 2, 3})
	r.nfs(statusStale, 1, testKey.Seal(gone))
	for path, want := range map[string]status{
		testPath + "x": statusNotFound, testPath + "/absent": statusNotFound, testPath + "/run": statusNotFolder,
		testPath + "/../live//": statusOK, testPath + "/": statusOK,
	} {
		if d := r.call(programMount, versionMount, 1, path); d.uint32() != uint32(want) {
			t.Errorf("mounting %s isn't replied to by %d", path, want)
		}
	}
}

// TestReadOnly wants to change things. What is refused has as much behind the status as its
// result has in RFC 1813.
func TestReadOnly(t *testing.T) {
	r := newCaller(t, serverOf(t, small()))
	root := r.root()
	for procedure, words := range map[uint32]int{2: 2, 7: 2, 8: 2, 9: 2, 10: 2, 11: 2, 12: 2, 13: 2, 14: 4, 15: 3, 21: 2} {
		if d := r.nfs(statusReadOnly, procedure, root, "x", 0); len(d.b) != 4*words {
			t.Errorf("procedure %d: %d bytes behind the status", procedure, len(d.b))
		}
	}
}

// TestRead reads parts of a file.
func TestRead(t *testing.T) {
	whole := []byte(strings.Repeat("0123456789", 300_000))
	r := newCaller(t, serverOf(t, fstest.MapFS{"f": {Data: whole, Mode: 0o444}}))
	file := r.file(r.root(), "f")
	for _, at := range []struct{ off, count, n uint64 }{
		{0, 5, 5}, {1, 1, 1}, {7, 32 << 10, 32 << 10}, {9, mostRead, mostRead}, {9, 1 << 31, mostRead},
		{2_999_999, 100, 1}, {3_000_000, 100, 0}, {1 << 63, 100, 0}, {5, 0, 0},
	} {
		d := r.nfs(statusOK, 6, file, at.off, int(at.count))
		d.take(4 + fileAttributes)
		n, eof, data := d.uint32(), d.uint32(), d.opaque(mostRead)
		end := min(at.off, uint64(len(whole)))
		if uint64(n) != at.n || string(data) != string(whole[end:end+at.n]) || (eof == 1) != (end+at.n == uint64(len(whole))) {
			t.Errorf("%v: %d bytes, %d at once, end %d", at, n, len(data), eof)
		}
		if d.bad || len(d.b) != 0 {
			t.Errorf("%v: %d bytes behind the reply", at, len(d.b))
		}
	}
}

// names lists a folder in parts of a size.
func (r caller) names(dir string, procedure uint32, size int) (all []string) {
	r.Helper()
	for cookie, end := uint64(0), false; !end; {
		args := []any{dir, cookie, uint64(0), size}
		if procedure == 17 {
			args = []any{dir, cookie, uint64(0), size, size}
		}
		d := r.nfs(statusOK, procedure, args...)
		if len(d.b)+4 > size {
			r.Errorf("%d bytes, where %d are asked for", len(d.b)+4, size)
		}
		d.take(4 + fileAttributes + 8)
		for d.uint32() == 1 {
			d.uint64()
			all = append(all, string(d.opaque(mostName)))
			cookie = d.uint64()
			if procedure == 17 {
				d.take(4 + fileAttributes)
				d.uint32()
				d.opaque(mostHandle)
			}
		}
		if end = d.uint32() == 1; d.bad || len(d.b) != 0 {
			r.Fatal("the list can't be read")
		}
	}
	return all
}

func TestReadFolder(t *testing.T) {
	r := newCaller(t, serverOf(t, small()))
	root := r.root()
	want := []string{".", "..", "empty", "link", "live", "pipe", "run"}
	for procedure, sizes := range map[uint32][]int{16: {200, 260, 4096, 1 << 30}, 17: {400, 700, 4096, 1 << 30}} {
		for _, size := range sizes {
			if got := r.names(root, procedure, size); !slices.Equal(got, want) {
				t.Errorf("procedure %d in parts of %d: %q", procedure, size, got)
			}
		}
	}
	d := r.nfs(statusOK, 16, root, uint64(1<<63), uint64(0), 4096)
	if d.take(4 + fileAttributes + 8); d.uint32() != 0 || d.uint32() != 1 {
		t.Error("there is something behind the end")
	}
}

// TestRestart uses handles at a server that has never heard of them.
func TestRestart(t *testing.T) {
	first := newCaller(t, serverOf(t, small()))
	root := first.root()
	file := first.file(first.file(root, "live"), "filesystem.squashfs")
	second := newCaller(t, serverOf(t, small()))
	second.nfs(statusOK, 6, file, uint64(0), 100)
	if second.file(second.file(root, "live"), "filesystem.squashfs") != file {
		t.Error("its handle is another one")
	}
	up := second.file(second.file(root, "live"), "..")
	if up != root || second.file(root, "..") != root {
		t.Error(".. leads elsewhere")
	}
}

// TestPrograms calls programs, versions and procedures that aren't there, and in ways that
// aren't taken.
func TestPrograms(t *testing.T) {
	s := serverOf(t, small())
	s.Port = 2049
	r := newCaller(t, s)
	for _, c := range []struct {
		record []byte
		want   []uint32 // behind the number of the call
	}{
		{record(100227, 3, 0), []uint32{1, 0, 0, 0, 1}}, // NFS_ACL
		{record(programNFS, 4, 0), []uint32{1, 0, 0, 0, 2, 3, 3}},
		{record(programNFS, 3, 22), []uint32{1, 0, 0, 0, 3}},
		{record(programMount, 3, 6), []uint32{1, 0, 0, 0, 3}},
		{record(programMount, 1, 0), []uint32{1, 0, 0, 0, 2, 3, 3}},
		{record(programPortmap, 4, 0), []uint32{1, 0, 0, 0, 2, 2, 2}},
		{record(programNFS, 3, 0), []uint32{1, 0, 0, 0, 0}},
		{record(programNFS, 3, 3, r.root()), []uint32{1, 0, 0, 0, 4}},
		{record(programNFS, 3, 1, strings.Repeat("h", 65)), []uint32{1, 0, 0, 0, 4}},
		{record(programPortmap, 2, 3, programMount, 3, 6, 0), []uint32{1, 0, 0, 0, 0, 2049}},
		{record(programPortmap, 2, 3, programMount, 3, 17, 0), []uint32{1, 0, 0, 0, 0, 0}},
		{record(programPortmap, 2, 3, 100021, 4, 6, 0), []uint32{1, 0, 0, 0, 0, 0}},
		{with(record(programNFS, 3, 0), 8, 3), []uint32{1, 1, 0, 2, 2}},
		{with(record(programNFS, 3, 0), 24, 6), []uint32{1, 1, 1, 5}}, // RPCSEC_GSS
	} {
		d := r.raw(c.record)
		d.uint32()
		var got []uint32
		for len(d.b) > 0 {
			got = append(got, d.uint32())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("% x: %v, and not %v", c.record, got, c.want)
		}
	}
	for _, bad := range [][]byte{nil, make([]byte, 39), with(record(programNFS, 3, 0), 4, 1), with(record(programNFS, 3, 0), 28, 401)} {
		if r.c.reply(bad, &encoder{}) {
			t.Errorf("% x has a reply", bad)
		}
	}
}

// with is a record with another number at a place.
func with(record []byte, at int, v uint32) []byte {
	binary.BigEndian.PutUint32(record[at:], v)
	return record
}

// broken is a file system whose folders can't be read.
type broken struct{ fstest.MapFS }

func (broken) ReadDir(string) ([]fs.DirEntry, error) { return nil, errors.New("a sector is broken") }

func (b broken) Open(name string) (fs.File, error) { return nil, errors.New("a sector is broken") }

func TestFailure(t *testing.T) {
	s := serverOf(t, broken{small()})
	var told []string
	s.Hooks.Failed = func(_ netip.AddrPort, _ *Export, file string, err error) { told = append(told, file+": "+err.Error()) }
	r := newCaller(t, s)
	r.nfs(statusIO, 16, r.root(), uint64(0), uint64(0), 4096)
	if want := []string{".: .: a sector is broken"}; !slices.Equal(told, want) {
		t.Errorf("told: %q", told)
	}
}

// crowd has more files than are served.
type crowd struct{ fstest.MapFS }

func (c crowd) ReadDir(string) ([]fs.DirEntry, error) {
	info, err := c.Lstat("run")
	return slices.Repeat([]fs.DirEntry{fs.FileInfoToDirEntry(info)}, MostFiles), err
}

func TestMostFiles(t *testing.T) {
	r := newCaller(t, serverOf(t, crowd{small()}))
	r.nfs(statusIO, 3, r.root(), "run")
}
