package nbi_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/nbi"
)

// segment is a line of a header's list.
type segment struct {
	vendor             string
	flags              byte
	address, file, mem uint32
}

// tagged is an image with these segments, whose bytes are numbered.
func tagged(flags, location, execute uint32, segments ...segment) []byte {
	b := []byte(nbi.Magic)
	for _, word := range []uint32{4 | flags, location, execute} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	content := []byte{}
	for n, s := range segments {
		b = append(b, byte(4|len(s.vendor)/4<<4), byte(n), 0, s.flags)
		for _, word := range []uint32{s.address, s.file, s.mem} {
			b = binary.LittleEndian.AppendUint32(b, word)
		}
		b = append(b, s.vendor...)
		content = append(content, bytes.Repeat([]byte{byte(n + 1)}, int(min(s.file, 1<<20)))...)
	}
	return append(append(b, make([]byte, nbi.HeaderLen-len(b))...), content...)
}

func read(t *testing.T, b []byte) nbi.Image {
	t.Helper()
	image, err := nbi.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// The header of the draft, each way in which it has an address told.
func TestRead(t *testing.T) {
	const location = 0x9200_0000
	image := read(t, tagged(1<<31, location, 0x10000,
		segment{"", 0, 0x10000, 100, 0x1000}, segment{"SPUR", 1, 16, 20, 64}, segment{"", 3, 0x40, 1, 2},
		segment{"", 2, 0x1000, 5, 64}, segment{"", 1, 8, 4, 4}, segment{"", 4, 0x100000, 7, 7}))
	want := []nbi.Segment{
		{From: 512, To: 0x10000, File: 100, Memory: 0x1000}, {From: 612, To: 0x11010, File: 20, Memory: 64},
		{From: 632, To: 0x10fd0, File: 1, Memory: 2}, {From: 633, To: -0x1000, FromEnd: true, File: 5, Memory: 64},
		{From: 638, To: -0x1000 + 72, FromEnd: true, File: 4, Memory: 4}, {From: 642, To: 0x100000, File: 7, Memory: 7},
	}
	if image.Location != location || image.Execute != 0x10000 || !image.Linear || len(image.Segments) != len(want) {
		t.Fatalf("%+v", image)
	}
	for n := range want {
		if image.Segments[n] != want[n] {
			t.Errorf("segment %d: %+v, not %+v", n+1, image.Segments[n], want[n])
		}
	}
	// The segment after the header is after all of it.
	if image := read(t, tagged(0, location, 0, segment{"", 5, 0, 1, 1})); image.Segments[0].To != 0x92000+nbi.HeaderLen {
		t.Errorf("%+v", image)
	}
}

// What is wrong with an image is said.
func TestWrong(t *testing.T) {
	const location = 0x9200_0000
	one := func(s segment) []byte { s.flags |= 4; return tagged(0, location, 0, s) }
	short := one(segment{"", 0, 0x10000, 1, 1})
	short[4] = 3
	narrow := one(segment{"", 0, 0x10000, 1, 1})
	narrow[16] = 2
	for _, tt := range []struct {
		name, says string
		image      []byte
	}{
		{"nothing", "it has 0 bytes", nil},
		{"too short", "it has 511 bytes", tagged(0, location, 0)[:511]},
		{"another file", "it is no tagged image", make([]byte, 512)},
		{"a short header", "its header has 12 bytes", short},
		{"a short line", "its segment 1 has a header of 8 bytes", narrow},
		{"no last one", "its list of segments doesn't end", tagged(0, location, 0, slicesOf(31, segment{"", 0, 0x10000, 1, 1})...)},
		{"cut off", "its segment 1 ends at byte 612 of the file, which has 611", one(segment{"", 0, 0x10000, 100, 100})[:611]},
		{"more in the file", "its segment 1 has 2 bytes in the file, and 1 in memory", one(segment{"", 0, 0x10000, 2, 1})},
		{"on the vectors", "its segment 1 goes to 0x4ff, where the BIOS has its data", one(segment{"", 0, 0x4ff, 1, 1})},
		{"before all", "its segment 1 goes to -0x6e000", one(segment{"", 3, 0x100000, 1, 1})},
		{"on the BIOS", "its segment 1 goes to 0x9ffff-0xa0000", one(segment{"", 0, 0x9ffff, 2, 2})},
		{"over 4 GiB", "its segment 1 goes to more than 4 GiB", one(segment{"", 0, 0xffffffff, 1, 2})},
		{"behind the end", "its segment 1 goes 1 bytes beyond the end of memory", one(segment{"", 2, 1, 1, 2})},
		{"a header nowhere", "its header goes to 0x0", tagged(0, 0, 0, segment{"", 4, 0x10000, 1, 1})},
	} {
		_, err := nbi.Read(bytes.NewReader(tt.image), int64(len(tt.image)))
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, not %q", tt.name, err, tt.says)
		}
	}
	for says, segments := range map[string][]segment{
		"no room in the first 640 KiB": {{"", 4, 0x500, 1, 0x91000}},
		"more than 4 GiB of memory":    {{"", 0, 0xfffff000, 1, 1}, {"", 6, 0x2000, 1, 1}},
	} {
		if _, err := read(t, tagged(0, location, 0, segments...)).Bytes(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, not %q", err, says)
		}
	}
}

func slicesOf(n int, s segment) []segment {
	var all []segment
	for range n {
		all = append(all, s)
	}
	return all
}

// starter builds the starter.
func starter(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("../../scripts/ramdisk", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(filepath.Join(dir, "spur-nbi.bin"))
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// The starter is a kernel to loaders, and has the plan and the record of an image.
func TestStarter(t *testing.T) {
	program := starter(t)
	if !nbi.IsStarter(program) || nbi.IsStarter(program[1:]) || nbi.IsStarter(nil) {
		t.Fatal("what the starter is isn't told")
	}
	b := tagged(0, 0x9200_0000, 0x1000_0000, segment{"", 0, 0x10000, 100, 0x1000}, segment{"", 0, 0x100000, 200, 300}, segment{"", 6, 0x1000, 5, 64})
	image := read(t, b)
	got, err := image.Starter(program, nbi.Record{
		Client: netip.MustParseAddr("192.0.2.7"), Server: netip.MustParseAddr("192.0.2.1"), Hardware: []byte{2, 0, 0, 0, 0, 9},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		name     string
		from, to int
		want     string
	}{
		{"sectors behind the first, size", 0x1f1, 0x1f8, "05" + "0000" + "34000000"},
		{"header", 0x202, 0x208, hex.EncodeToString([]byte("HdrS")) + "0402"},
		{"loaded high", 0x211, 0x212, "01"},
		{"homes", 0x608, 0x60c, "008e008b"},
		{"size, stage, memory needed", 0x60c, 0x618, "31030000" + "40031000" + "71161000"},
		{"header's place, entry", 0x618, 0x624, "00000092" + "00000010" + "00000000"},
		{"moves", 0x624, 0x628 + 80, "04000000" +
			"00000000" + "00200900" + "00000000" + "00020000" + "00020000" +
			"00000000" + "00000100" + "00020000" + "64000000" + "00100000" +
			"00000000" + "00001000" + "64020000" + "c8000000" + "2c010000" +
			"01000000" + "00f0ffff" + "2c030000" + "05000000" + "40000000"},
		{"record", 0xa00, 0xa00 + 34, "02010600" + strings.Repeat("00", 12) + "c0000207" + "c0000201" + "00000000" + "020000000009"},
		{"cookie", 0xa00 + 236, 0xa00 + 241, "63825363ff"},
	} {
		if have := hex.EncodeToString(got[part.from:part.to]); have != part.want {
			t.Errorf("%s: %s, not %s", part.name, have, part.want)
		}
	}
	if need, err := image.Bytes(); err != nil || need != 0x101671 {
		t.Errorf("it needs %#x bytes: %v", need, err)
	}
	if _, err := image.Starter(program[:512], nbi.Record{}); err == nil {
		t.Error("a part of a starter was taken")
	}
}

// The starter keeps out of the way of low segments, and the file stays where it is unless
// a segment goes there.
func TestPlace(t *testing.T) {
	program := starter(t)
	for _, tt := range []struct {
		name, homes, stage string
		segments           []segment
	}{
		{"low", "008e008b", "00001000", []segment{{"", 4, 0x10000, 1, 1}}},
		{"high", "008e008b", "00001000", []segment{{"", 4, 0x200000, 1, 1}}},
		{"all of the upper half", "800c8009", "00001000", []segment{{"", 4, 0xe000, 1, 0x82000}}},
		{"beside the file's end", "008e008b", "00001000", []segment{{"", 4, 0x100201, 1, 1}}},
		{"on the file's end", "008e008b", "10021000", []segment{{"", 4, 0x100200, 1, 1}}},
	} {
		got, err := read(t, tagged(0, 0x9200_0000, 0, tt.segments...)).Starter(program, nbi.Record{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if homes, stage := hex.EncodeToString(got[0x608:0x60c]), hex.EncodeToString(got[0x610:0x614]); homes != tt.homes || stage != tt.stage {
			t.Errorf("%s: homes %s, the file at %s", tt.name, homes, stage)
		}
	}
}

// Whatever a header says, it is an error or a plan that keeps to it.
func FuzzRead(f *testing.F) {
	f.Add(tagged(0, 0x9200_0000, 0, segment{"", 0, 0x10000, 100, 0x1000}, segment{"", 6, 0x1000, 5, 64}))
	f.Add(tagged(1<<31, 0x9200_0000, 0, segment{"SPUR", 1, 16, 3, 9}, segment{"", 7, 0x100, 5, 64}))
	program := make([]byte, 0xc00)
	copy(program[0x600:], "SpurNBI1")
	f.Fuzz(func(t *testing.T, b []byte) {
		image, err := nbi.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, s := range image.Segments {
			if s.From < nbi.HeaderLen || s.From+s.File > int64(len(b)) || s.File > s.Memory {
				t.Errorf("%+v of %d bytes", s, len(b))
			}
			if !s.FromEnd && (s.To < 0x500 || s.To < 1<<20 && s.To+s.Memory > 0xa0000 || s.To+s.Memory > 1<<32) {
				t.Errorf("%+v goes where nothing can", s)
			}
		}
		got, err := image.Starter(program, nbi.Record{})
		need, err2 := image.Bytes()
		if (err == nil) != (err2 == nil) || err == nil && (len(got) != len(program) || need > 1<<32) {
			t.Errorf("%d bytes of a starter: %v, %v", len(got), err, err2)
		}
	})
}
