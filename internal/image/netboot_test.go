package image_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"howett.net/plist"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// info is the description of an image that is all right.
func info(change ...func(map[string]any)) map[string]any {
	d := map[string]any{
		"Name": "El Capitan", "Description": "for tests", "Index": 100, "Type": "HTTP", "RootPath": "NetInstall.dmg", "BootFile": "booter",
		"IsInstall": true, "IsEnabled": true, "Architectures": []string{"i386"},
	}
	for _, f := range change {
		f(d)
	}
	return d
}

func with(key string, value any) func(map[string]any) {
	return func(d map[string]any) { d[key] = value }
}

func without(key string) func(map[string]any) {
	return func(d map[string]any) { delete(d, key) }
}

// nbi makes an image with a description and these files.
func nbi(t *testing.T, description []byte, files ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Mac.nbi")
	for _, name := range append(files, "NBImageInfo.plist") {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, description, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// written is a property list.
func written(t *testing.T, format int, d any) []byte {
	t.Helper()
	text, err := plist.Marshal(d, format)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var whole = []string{"NetInstall.dmg", "i386/booter", "booter"}

func TestOpenNetBoot(t *testing.T) {
	for _, format := range []int{plist.XMLFormat, plist.BinaryFormat} {
		dir := nbi(t, written(t, format, info(with("EnabledSystemIdentifiers", []string{"iMac14,3"}), with("DisabledMACAddresses", []string{"00:1b:63:01:02:03"}), with("IsDefault", true))), whole...)
		if !image.IsNetBoot(dir) || !image.IsNetBoot(filepath.Dir(dir)) || image.IsNetBoot(filepath.Join(dir, "i386")) {
			t.Error("what is a NetBoot image isn't taken for one, or what isn't is")
		}
		n, warnings, err := image.OpenNetBoot("", dir)
		if err != nil || len(warnings) > 0 || len(n.Images) != 1 {
			t.Fatalf("%+v, %v, %v", n, warnings, err)
		}
		i := n.Images[0]
		booter, _ := i.Booter("i386")
		if i.Name != "El Capitan" || i.Description != "for tests" || i.Index != 100 || i.System != 1 || !i.Install || !i.Default || i.FilterOnly ||
			booter.File.Source != filepath.Join(dir, "i386/booter") || i.Root.Source != filepath.Join(dir, "NetInstall.dmg") || i.RootPath != "" ||
			!slices.Equal(i.Models, []string{"iMac14,3"}) || !slices.Equal(i.Disabled, []boot.MAC{{0, 0x1b, 0x63, 1, 2, 3}}) {
			t.Errorf("%+v", i)
		}
		if got := image.DescribeNetBoot(n); got != `NetBoot image "El Capitan" for i386` {
			t.Error(got)
		}
	}
}

// Roots, booters and kinds as the descriptions of different years have them.
func TestNetBootVariants(t *testing.T) {
	for _, tt := range []struct {
		name    string
		info    map[string]any
		root    string // RootPath, or with a slash in front the name of a file
		archs   string
		warning string
	}{
		{"NFS elsewhere", info(with("Type", "NFS"), with("RootPath", "10.0.0.2:/nb:x.dmg")), "nfs:10.0.0.2:/nb:x.dmg", "i386", ""},
		{"NFS that is here", info(with("Type", "NFS")), "/NetInstall.dmg", "i386", "--root-path nfs:"},
		{"HTTP elsewhere", info(with("RootPath", "http://10.0.0.2/x.dmg")), "http://10.0.0.2/x.dmg", "i386", ""},
		{"a booter alone", info(with("Type", "BootFileOnly"), with("Kind", 1), without("RootPath")), "", "i386", ""},
		{"PowerPC of old", info(without("Architectures")), "/NetInstall.dmg", "ppc i386", ""},
		{"both", info(with("Architectures", []string{"ppc", "i386"})), "/NetInstall.dmg", "ppc i386", ""},
		{"diagnostics", info(with("Kind", 3)), "/NetInstall.dmg", "i386", ""},
		{"named though it is disabled", info(with("IsEnabled", false)), "/NetInstall.dmg", "i386", ""},
	} {
		dir := nbi(t, written(t, plist.XMLFormat, tt.info), whole...)
		n, warnings, err := image.OpenNetBoot("", dir)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		root := n.Images[0].RootPath
		if file := n.Images[0].Root.Source; file != "" {
			root = "/" + filepath.Base(file)
		}
		if root != tt.root || strings.Join(n.Archs(), " ") != tt.archs || (tt.warning == "") != (len(warnings) == 0) || !strings.Contains(strings.Join(warnings, "\n"), tt.warning) {
			t.Errorf("%s: root %q for %v, %q", tt.name, root, n.Archs(), warnings)
		}
		if n.Images[0].FilterOnly != (tt.name == "diagnostics") {
			t.Errorf("%s: FilterOnly is %v", tt.name, n.Images[0].FilterOnly)
		}
	}
	dir := nbi(t, written(t, plist.XMLFormat, info(with("RootPath", "missing.dmg"))), whole...)
	if n, _, err := image.OpenNetBoot("nfs:10.0.0.2:/nb:x.dmg", dir); err != nil || n.Images[0].RootPath != "nfs:10.0.0.2:/nb:x.dmg" {
		t.Errorf("a root elsewhere: %+v, %v", n, err)
	}
}

// What is wrong with an image is one clear line, with what to do.
func TestBadNetBoot(t *testing.T) {
	xml := func(change ...func(map[string]any)) []byte { return written(t, plist.XMLFormat, info(change...)) }
	for _, tt := range []struct {
		name, why string
		text      []byte
		files     []string
	}{
		{"nothing", "NBImageInfo.plist is empty, and no property list", nil, whole},
		{"text", "and no property list", []byte("hello"), whole},
		{"a web page", "and no property list", []byte("<!DOCTYPE html><html><body>Log in</body></html>"), whole},
		{"old text form", "is neither XML with a plist in it nor binary, and no property list", []byte("{ Name = Mac; }"), whole},
		{"old text form that takes gigabytes", "is neither XML with a plist in it nor binary", []byte(`"` + strings.Repeat(`\n`, 100<<10)), whole},
		{"XML within XML", "it is nested too deeply", []byte("<plist>" + strings.Repeat("<dict><key>a</key>", 10<<10)), whole},
		{"XML without end", "it has too many elements", []byte("<plist><array>" + strings.Repeat("<dict/>", 30<<10)), whole},
		{"cut off", "and no property list", xml()[:200], whole},
		{"a list", "and no property list", written(t, plist.XMLFormat, []string{"x"}), whole},
		{"no name", "Name is missing", xml(without("Name")), whole},
		{"no index", "Index is no number from 1 to 65535", xml(without("Index")), whole},
		{"index 0", "Index is no number", xml(with("Index", 0)), whole},
		{"index too large", "Index is no number", xml(with("Index", 65536)), whole},
		{"index as text", "Index is no number", xml(with("Index", "7")), whole},
		{"classic", "Mac OS 9", xml(with("Type", "Classic")), whole},
		{"unknown type", `Type is "FTP"`, xml(with("Type", "FTP")), whole},
		{"no kind", "Kind is missing", xml(with("Type", "BootFileOnly")), whole},
		{"no root", "RootPath is missing", xml(without("RootPath")), whole},
		{"root that isn't there", "its root image x.dmg isn't there", xml(with("RootPath", "x.dmg")), whole},
		{"root outside", "its root image ../x.dmg isn't there", xml(with("RootPath", "../x.dmg")), whole},
		{"NFS by name", "of which a Mac needs the address", xml(with("Type", "NFS"), with("RootPath", "server:/nb:x.dmg")), whole},
		{"no booter", "its booter i386/booter for i386 isn't there", xml(), []string{"NetInstall.dmg"}},
		{"no booter of old", "its booter booter isn't there", xml(without("Architectures")), []string{"NetInstall.dmg"}},
		{"booter outside", "BootFile names no file", xml(with("BootFile", "../booter")), whole},
		{"archs are text", "Architectures is no list", xml(with("Architectures", "i386")), whole},
		{"models are numbers", "EnabledSystemIdentifiers has something else than text", xml(with("EnabledSystemIdentifiers", []int{1})), whole},
		{"bad address", "is no Ethernet address", xml(with("EnabledMACAddresses", []string{"x"})), whole},
	} {
		dir := nbi(t, tt.text, tt.files...)
		_, _, err := image.OpenNetBoot("", dir)
		if err == nil || !strings.Contains(err.Error(), tt.why) || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") || advice.Of(err) == "" {
			t.Errorf("%s: %v; %s", tt.name, err, advice.Of(err))
		}
	}
}

// A list of some hundred bytes whose containers hold one another twice, 2^64 in all, is
// refused at once.
func TestTangledNetBoot(t *testing.T) {
	list := []byte("bplist00")
	var table []byte
	for i := range 64 {
		table = append(table, byte(len(list)))
		list = append(list, 0xa2, byte(i+1), byte(i+1))
	}
	table = append(table, byte(len(list)))
	list = append(list, 0x09) // true
	end := make([]byte, 32)
	end[6], end[7], end[15], end[31] = 1, 1, 65, byte(len(list))
	list = append(append(list, table...), end...)
	dir := nbi(t, list, whole...)
	if _, _, err := image.OpenNetBoot("", dir); err == nil || !strings.Contains(err.Error(), "a container in it is used twice") {
		t.Error(err)
	}
}

// Nor are those in which containers lie deep in one another.
func TestNestedNetBoot(t *testing.T) {
	list := []byte("bplist00")
	var table []byte
	for i := range 80 {
		table = append(table, byte(len(list)))
		list = append(list, 0xa1, byte(i+1))
	}
	table = append(table, byte(len(list)))
	list = append(list, 0x09) // true
	end := make([]byte, 32)
	end[6], end[7], end[15], end[31] = 1, 1, 81, byte(len(list))
	dir := nbi(t, append(append(list, table...), end...), whole...)
	if _, _, err := image.OpenNetBoot("", dir); err == nil || !strings.Contains(err.Error(), "it is nested too deeply") {
		t.Error(err)
	}
}

// A list whose reader fails on it is damaged like any other: here data of 2^64-1 bytes.
func TestNetBootOfImpossibleSize(t *testing.T) {
	list := append([]byte("bplist00\x4f\x13"), bytes.Repeat([]byte{0xff}, 8)...)
	end := make([]byte, 32)
	end[6], end[7], end[15], end[31] = 1, 1, 1, byte(len(list))
	list = append(append(list, 8), end...)
	dir := nbi(t, list, whole...)
	if _, _, err := image.OpenNetBoot("", dir); err == nil || !strings.Contains(err.Error(), "is damaged") || advice.Of(err) == "" {
		t.Error(err)
	}
}

// What a description names lies in the image's folder. Links count where they stay in it.
func TestNetBootLinks(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("SECRET"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, to, why string
	}{
		{"i386/booter", secret, "its booter i386/booter for i386 isn't there"},
		{"NetInstall.dmg", secret, "its root image NetInstall.dmg isn't there"},
		{"i386/booter", "../NetInstall.dmg", ""},
		{"NetInstall.dmg", "i386/booter", ""},
	} {
		dir := nbi(t, written(t, plist.XMLFormat, info()), whole...)
		at := filepath.Join(dir, tt.name)
		if err := errors.Join(os.Remove(at), os.Symlink(tt.to, at)); err != nil {
			t.Fatal(err)
		}
		_, _, err := image.OpenNetBoot("", dir)
		if (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s → %s: %v", tt.name, tt.to, err)
		}
	}
}

// A folder of images is all that are enabled, and no two may have the same number.
func TestNetBootFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "NetBoot[SP0]")
	put := func(name string, change ...func(map[string]any)) {
		t.Helper()
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(nbi(t, written(t, plist.XMLFormat, info(change...)), whole...), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	put("a.nbi", with("Index", 1))
	put("b.nbi", with("Index", 2), with("IsEnabled", false))
	n, warnings, err := image.OpenNetBoot("", folder)
	if err != nil || len(n.Images) != 1 || len(warnings) != 1 || !strings.Contains(warnings[0], "b.nbi is left out") {
		t.Fatalf("%+v, %v, %v", n, warnings, err)
	}
	put("c.nbi", with("Index", 1))
	if _, _, err := image.OpenNetBoot("", folder); err == nil || !strings.Contains(err.Error(), "have the same Index, 1") {
		t.Error(err)
	}
	if _, _, err := image.OpenNetBoot("", filepath.Join(folder, "a.nbi"), filepath.Join(folder, "b.nbi")); err != nil {
		t.Error(err)
	}
}

// Whatever an NBImageInfo.plist has in it, it is an image or one line about what is
// wrong with it.
func FuzzNetBoot(f *testing.F) {
	for _, text := range []string{
		`<plist version="1.0"><dict><key>Name</key><string>Mac</string><key>Index</key><integer>1</integer><key>Type</key><string>BootFileOnly</string><key>Kind</key><integer>1</integer><key>BootFile</key><string>booter</string></dict></plist>`,
		"bplist00\xd1\x01\x02TName\x53Mac\x08\x0b\x10\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x14",
		"<plist><array><array><array>", "{ Name = Mac; }", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		for _, name := range []string{"NBImageInfo.plist", "booter"} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		n, _, err := image.OpenNetBoot("", dir)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %q", err)
		}
		if err == nil && (len(n.Images) != 1 || n.Images[0].Index == 0 || n.Images[0].Name == "") {
			t.Errorf("%+v", n)
		}
	})
}
