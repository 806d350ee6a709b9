package sbat

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// file is one of a package that scripts/install has unpacked.
func file(t testing.TB, row, pattern string) *bytes.Reader {
	t.Helper()
	path, err := lab.Unpacked(row, pattern)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}

func shimFile(t testing.TB) *bytes.Reader {
	return file(t, "shim-signed", "usr/lib/shim/shimx64.efi.signed")
}

// grub is Debian's signed GRUB, of the suite of a row.
func grub(t testing.TB, row string) *bytes.Reader {
	return file(t, row, "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed")
}

// Shim 16.1 starts GRUB 2.06-13, and refuses the one of backports, which has been
// seen on such a machine ("Security Violation").
func TestShimAndGRUBs(t *testing.T) {
	shim := shimFile(t)
	levels, err := ReadLevels(shim, shim.Size())
	if err != nil || levels == nil {
		t.Fatal(levels, err)
	}
	want := Levels{
		Level{"2025021800", []Demand{{"sbat", 1}, {"shim", 4}, {"grub", 5}}},
		Level{"2025051000", []Demand{{"sbat", 1}, {"shim", 4}, {"grub", 5}, {"grub.proxmox", 2}}},
	}
	for i, l := range []Level{levels.Previous, levels.Latest} {
		if w := []Level{want.Previous, want.Latest}[i]; l.Date != w.Date || !slices.Equal(l.Demands, w.Demands) {
			t.Errorf("level %+v, want %+v", l, w)
		}
	}
	for _, tt := range []struct {
		name string
		r    *bytes.Reader
		want string
	}{
		{"2.06-13", grub(t, "grub-efi-amd64-signed"), ""},
		{"2.12-1 of backports", grub(t, "grub-efi-amd64-signed/bookworm-backports"), "its SBAT data say grub,4, and the level 2025021800 demands grub,5"},
		{"shim itself", shim, ""},
		{"kernel", file(t, "linux-image-cloud-amd64", "boot/vmlinuz-*"), "no SBAT data"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			entries, err := Read(tt.r, tt.r.Size())
			if err != nil {
				t.Fatal(err)
			}
			err = levels.Previous.Check(entries)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v: got %v, want %q", entries, err, tt.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	r := grub(t, "grub-efi-amd64-signed")
	entries, err := Read(r, r.Size())
	if err != nil || len(entries) != 4 {
		t.Fatal(entries, err)
	}
	if e := entries[1]; e.String() != "grub,5" || e.Vendor != "Free Software Foundation" || e.Package != "grub" || e.Version != "2.06" || !strings.Contains(e.URL, "gnu.org") {
		t.Errorf("%+v", e)
	}
	if levels, err := ReadLevels(r, r.Size()); levels != nil || err != nil {
		t.Errorf("GRUB has levels %v, %v", levels, err)
	}
}

func TestCheck(t *testing.T) {
	level, err := ParseLevel([]byte("sbat,1,2023012900\nshim,2\ngrub,3\ngrub.debian,4\n"))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"grub,3,F,grub,2,u\ngrub.debian,4,D,g,2,u\n":     "",
		"grub,3,F,grub,2,u\r\ngrub.fedora,1,F,g,2,u\r\n": "",
		"\xef\xbb\xbfgrub,3,F,grub,2,u\x00\x00rest,0":    "",
		"grub,3,F,grub,2,u\n\ngrub.debian,3,D,g,2,u":     "grub.debian,3, and the level 2023012900 demands grub.debian,4",
		"sbat,0,S,s,1,u\n": "sbat,0, and the level 2023012900 demands sbat,1",
		"grub,3,F,grub,2,u\ngrub,2,F,grub,2,u\nother,1,,,,": "grub,2, and",
	} {
		entries, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		err = level.Check(entries)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestDamaged(t *testing.T) {
	for text, want := range map[string]string{
		"grub":                                "line 1 has 1 fields, and 6 are needed",
		"sbat,1,S,s,1,u\n,1,F,g,2,u":          "line 2 has 6 fields, and 6 are needed, the first of them not empty",
		"grub,x,F,g,2,u":                      `line 1: "x" is no generation`,
		"grub,-1,F,g,2,u":                     `"-1" is no generation`,
		"grub,65536,F,g,2,u":                  `"65536" is no generation`,
		strings.Repeat("a,1,F,g,2,u\n", 1000): "more than 256 lines",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "it has 0 bytes only",
		"\x01\x00\x00\x00\x08\x00\x00\x00\x09\x00\x00\x00":           "version 1, which is unknown",
		"\x00\x00\x00\x00\x08\x00\x00\x00\xff\xff\xff\xff":           "said to begin at byte 8 of 8",
		"\x00\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00grub,1\n":   "does not begin with a line of sbat",
		"\x00\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00sbat,1\n":   "does not begin with a line of sbat",
		"\x00\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00sbat,a,b\n": `"a" is no generation`,
	} {
		if _, err := parseLevels([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzSBAT(f *testing.F) {
	f.Add([]byte("sbat,1,S,s,1,u\ngrub,5,F,g,2,u\n"))
	f.Add([]byte("\x00\x00\x00\x00\x08\x00\x00\x00\x0a\x00\x00\x00sbat,1,2023012900\n\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := Parse(b)
		if err != nil && entries != nil || len(entries) > linesMost {
			t.Errorf("%v and %v", entries, err)
		}
		if levels, err := parseLevels(b); err == nil {
			_ = levels.Latest.Check(entries)
		}
	})
}
