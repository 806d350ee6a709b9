package machinetargets

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/target/targettest"
)

// bzImage is what a Linux kernel for x86 begins with (Documentation/arch/x86/boot.rst).
func bzImage() []byte {
	b := make([]byte, 4096)
	b[0x1f1] = 1
	copy(b[0x202:], "\x0f\x02")
	copy(b[0x202-4:], "\x00\x00\x55\xaa")
	copy(b[0x1fe:], "\x55\xaa\xeb\x66HdrS\x0f\x02")
	b[0x211] = 1
	binary.LittleEndian.PutUint16(b[0x20e:], 0x600)
	copy(b[0x800:], "6.1.0-test (me@here) #1\x00")
	return b
}

// folderOf is a folder with files.
func folderOf(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readMachines(t testing.TB, dir string, items *ItemNumbers) (*Machines, error) {
	t.Helper()
	none := func(context.Context, string) (fs.File, error) { return nil, errors.New("nothing is fetched here") }
	m, err := File{Path: filepath.Join(dir, "machines.yaml"), Open: none}.Read(t.Context(), target.Upstream{Open: none, Say: func(string) {}}, items, nil)
	if err == nil {
		t.Cleanup(m.Close)
	}
	return m, err
}

func client(last byte) boot.Client {
	return boot.Client{MAC: boot.MAC{2, 0, 0, 0, 0, last}, Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
}

// Paths are relative to the file, in command lines too, and what several rows boot is one
// target with one item, also by another Spur.
func TestMachinesTargets(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"vmlinuz": string(bzImage()), "sub/initrd": "070701", "node.yaml": "x", "boot.ipxe": "#!ipxe\nkernel beside\nboot\n", "beside": "x",
		"machines.yaml": `machines:
  - mac: 02:00:00:00:00:01
    boot: vmlinuz
    initrds: sub/initrd
    cmdline: 'a={{ ID "node.yaml" }} {{ UP }}'
  - mac: 02:00:00:00:00:02
    boot: ./vmlinuz
    initrds: [sub/initrd]
    cmdline: 'a={{ ID "node.yaml" }} {{ UP }}'
  - mac: 02:00:00:00:00:03
    boot: vmlinuz
    message: hello
    root-path: nfs:x
  - mac: 02:00:00:00:00:04
    boot: boot.ipxe
  - mac: 02:00:00:00:00:05
    boot: local
`,
	})
	m, err := readMachines(t, dir, NewItemNumbers())
	if err != nil {
		t.Fatal(err)
	}
	one, two, three, script := m.Find(client(1)), m.Find(client(2)), m.Find(client(3)), m.Find(client(4))
	if one.Item != two.Item || one.Item == three.Item || !IsItem(one.Item) || !strings.HasSuffix(two.Row, "machines.yaml:6") {
		t.Errorf("items %d, %d, %d; %s", one.Item, two.Item, three.Item, two.Row)
	}
	linux, ok := one.Payload.Content.(boot.Linux)
	if !ok || linux.Kernel.Source != filepath.Join(dir, "vmlinuz") || linux.Initrds[0].Source != filepath.Join(dir, "sub/initrd") {
		t.Errorf("%+v", one.Payload)
	}
	if line := linux.Cmdline.Expand(func(f boot.File) string { return f.Source }, "UP"); line != "a="+dir+"/node.yaml UP" {
		t.Errorf("command line %q", line)
	}
	if p := three.Payload; p.Message != "hello" || p.RootPath != "nfs:x" || p.Item != three.Item {
		t.Errorf("%+v", p)
	}
	if script.Scripts == nil {
		t.Fatal("the script has nothing beside it")
	}
	if _, ok := script.Scripts.Role("beside"); !ok {
		t.Error("the script's file isn't beside it")
	}
	if got := m.Summary(); !strings.HasSuffix(got, "(5 rows, 4 targets), and leaves others alone") {
		t.Error(got)
	}
	again, err := readMachines(t, dir, NewItemNumbers())
	if err != nil || again.Find(client(3)).Item != three.Item {
		t.Errorf("another Spur has other items: %v", err)
	}
}

// Each row is listed with its line, also where several boot the same.
func TestMachinesRowLines(t *testing.T) {
	var text strings.Builder
	text.WriteString("machines:\n")
	for n := range 5 {
		fmt.Fprintf(&text, "  - mac: 02:00:00:00:00:%02x\n    boot: %s\n", n, []string{"local", "vmlinuz"}[n/3])
	}
	text.WriteString("    once: true\n")
	dir := folderOf(t, map[string]string{"vmlinuz": string(bzImage()), "machines.yaml": text.String()})
	m, err := readMachines(t, dir, NewItemNumbers())
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(Row) []string { return nil }
	all := slices.DeleteFunc(m.RowLines(100, nothing), func(line string) bool { return strings.HasPrefix(line, "  as ") })
	if len(all) != 5 {
		t.Fatalf("%q", all)
	}
	for n, want := range []string{
		"machines.yaml:2 mac 02:00:00:00:00:00: the local disk (", "machines.yaml:4 mac 02:00:00:00:00:01: the local disk (",
		"machines.yaml:6 mac 02:00:00:00:00:02: ", "machines.yaml:8 mac 02:00:00:00:00:03: vmlinuz (", "machines.yaml:10 mac 02:00:00:00:00:04: vmlinuz (",
	} {
		if !strings.Contains(all[n], want) {
			t.Errorf("row %d: %s", n, all[n])
		}
	}
	if !strings.HasSuffix(all[4], ", once") || strings.HasSuffix(all[3], ", once") {
		t.Errorf("once: %q", all)
	}
	if few := m.RowLines(3, nothing); len(few) != 6 || few[5] != "and 2 more rows" {
		t.Errorf("%q", few)
	}
	if one := m.RowLines(4, nothing); one[len(one)-1] != "and 1 more row" {
		t.Errorf("%q", one)
	}
}

// Behind the rows is what all others boot, and how many rows are left out where some are.
func TestMachinesRowLinesOfOthers(t *testing.T) {
	text := "machines:\n"
	for n := range 5 {
		text += fmt.Sprintf("  - {mac: 02:00:00:00:00:%02x, boot: vmlinuz}\n", n)
	}
	dir := folderOf(t, map[string]string{"vmlinuz": string(bzImage()), "machines.yaml": text})
	file := File{Path: filepath.Join(dir, "machines.yaml"), Otherwise: &target.Target{Kernel: "local"}}
	m, err := file.Read(t.Context(), target.Upstream{Say: func(string) {}}, NewItemNumbers(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	for most, want := range map[int]string{4: "and 1 more row", 5: "  as ", 6: "  as "} {
		lines := m.RowLines(most, func(Row) []string { return nil })
		if last := len(lines) - 1; !strings.HasPrefix(lines[last], "all others: the local disk") || !strings.HasPrefix(lines[last-1], want) {
			t.Errorf("of %d rows: %q", most, lines)
		}
	}
}

// Behind each row is what is given by it, once for rows by which the same kinds of machines boot
// the same.
func TestMachinesRowLinesGiven(t *testing.T) {
	const text = "machines:\n  - {mac: 02:00:00:00:00:01, boot: vmlinuz}\n  - {mac: 02:00:00:00:00:02, boot: vmlinuz}\n  - {firmware: uefi, arch: arm64, boot: vmlinuz}\n"
	m, err := readMachines(t, folderOf(t, map[string]string{"vmlinuz": string(bzImage()), "machines.yaml": text}), NewItemNumbers())
	if err != nil {
		t.Fatal(err)
	}
	lines := m.RowLines(100, func(r Row) []string { return []string{fmt.Sprintf("  %s %v", r.Payload.Title(), r.Kinds)} })
	for n, want := range []string{":2 mac", "  vmlinuz {[] []}", ":3 mac", "  as ", ":4 arm64, uefi", "  vmlinuz {[arm64] [uefi]}"} {
		if len(lines) != 6 || !strings.Contains(lines[n], want) {
			t.Fatalf("line %d isn't %q: %q", n, want, lines)
		}
	}
	if !strings.HasSuffix(lines[3], "machines.yaml:2") {
		t.Error(lines[3])
	}
}

// Machines have the same ways to targets that differ in what every loader can be told, and
// others to what differs in files, kinds, or texts that some can't.
func TestWaysKey(t *testing.T) {
	const text = "machines:\n" +
		"  - {mac: 02:00:00:00:00:01, boot: vmlinuz, cmdline: hostname=a}\n" +
		"  - {mac: 02:00:00:00:00:02, boot: vmlinuz, cmdline: hostname=b, message: hello}\n" +
		"  - {mac: 02:00:00:00:00:03, boot: vmlinuz, cmdline: \"it's\"}\n" +
		"  - {mac: 02:00:00:00:00:04, boot: vmlinuz}\n" +
		"  - {mac: 02:00:00:00:00:05, boot: vmlinuz, initrds: initrd}\n" +
		"  - {mac: 02:00:00:00:00:06, boot: one, as: nbp}\n" +
		"  - {mac: 02:00:00:00:00:07, boot: two, as: nbp}\n" +
		"  - {mac: 02:00:00:00:00:08, boot: one/pxelinux.0, as: nbp}\n"
	flat := "\xfa\x31\xc0\x8e\xd8" + strings.Repeat("\x00", 600)
	m, err := readMachines(t, folderOf(t, map[string]string{"vmlinuz": string(bzImage()), "initrd": "070701", "one/pxelinux.0": flat, "two/pxelinux.0": flat, "machines.yaml": text}), NewItemNumbers())
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{}
	for _, r := range m.Rows() {
		keys[r.WaysKey()] = append(keys[r.WaysKey()], r.Where[len(r.Where)-1:])
	}
	if len(keys) != 7 {
		t.Errorf("alike are %v", keys)
	}
	for _, rows := range keys {
		if len(rows) > 1 && strings.Join(rows, " ") != "2 3" {
			t.Errorf("alike are rows %q", rows)
		}
	}
	mounting := func(over boot.Protocol) *Assigned {
		image := boot.File{Source: "/srv/a.iso", Told: boot.Export{Over: over, Word: boot.ExportName}}
		return &Assigned{Inspected: target.Inspected{Payload: boot.Payload{Content: boot.Linux{Initrds: []boot.File{image}}}}}
	}
	if mounting(boot.NBD).WaysKey() == mounting(boot.NFS).WaysKey() {
		t.Error("alike are systems that mount an image over NBD and over NFS")
	}
}

func TestMachinesErrors(t *testing.T) {
	for row, want := range map[string]string{
		"boot: gone":         "machines.yaml:3:11: there is no file",
		"boot: gopher://x/y": "a URL that Spur cannot fetch",
		"boot: script":       "machines.yaml:3:11: script, line 2, loads gone, which isn't there: no such file",
		"boot: text":         "machines.yaml:3:11: ",
		// The caret is at the part that is wrong, which is called by its key.
		"boot: local\n    initrds: x":                                    "machines.yaml:4:14: local is the machine's own disk, of which Spur loads nothing, without initrds:\n",
		"boot: kernel\n    initrds: [kernel, gone]":                      "machines.yaml:4:23: there is no file",
		"boot: kernel\n    initrds:\n      - kernel\n      - gopher://x": "machines.yaml:6:9: gopher://x is a URL that Spur cannot fetch",
		"boot: kernel\n    as: nothing":                                  "machines.yaml:4:9: as: nothing is unknown",
		"boot: kernel\n    as: wim":                                      "machines.yaml:4:9: ",
		"boot: kernel\n    cmdline: '{{ X }}'":                           "machines.yaml:4:14: ",
		"boot: kernel\n    cmdline: 'a={{ ID \"gone\" }}'":               "machines.yaml:4:14: ",
		"boot: kernel\n    cmdline: \"a\\x01\"":                          "machines.yaml:4:14: cmdline: isn't UTF-8 or has control characters",
		"boot: kernel\n    entry: Safe mode":                             "machines.yaml:4:12: entry: names an entry",
		"boot: kernel\n    modules: [kernel]":                            "machines.yaml:4:15: ",
		"boot: kernel\n    dtb: gone":                                    "machines.yaml:4:10: ",
		"boot: xen\n    modules: [kernel, gone x]":                       "machines.yaml:4:23: there is no file ",
		"boot: xen\n    modules: ['kernel {{ Y }}']":                     "machines.yaml:4:15: ",
		"boot: xen\n    initrds: kernel":                                 "machines.yaml:4:14: ",
		"boot: script\n    message: hello":                               "machines.yaml:4:14: ",
		"boot: xen.efi":                                                  "xen.efi is Xen for UEFI, and there is no kernel for its first domain",
		"boot: xen.efi\n    modules: [initrd]":                           "machines.yaml:4:15: ",
		"boot: xen.efi\n    modules: [kernel, initrd, initrd]":           "machines.yaml:4:31: ",
		"boot: xen.efi\n    modules: [kernel, initrd x]":                 "machines.yaml:4:23: ",
		"boot: xen.efi\n    modules: ['kernel a#b']":                     "machines.yaml:4:15: ",
		"boot: xen.efi\n    modules: [kernel]\n    cmdline: 'a#b'":       "machines.yaml:5:14: ",
		"boot: xen.efi\n    initrds: kernel":                             "machines.yaml:4:14: ",
	} {
		dir := folderOf(t, map[string]string{
			"kernel": string(bzImage()), "xen": multibootKernel(), "xen.efi": xenForUEFI(), "initrd": "070701", "script": "#!ipxe\nkernel gone\nboot\n", "text": "nothing that boots",
			"machines.yaml": "machines:\n  - mac: \"*\"\n    " + row + "\n",
		})
		_, err := readMachines(t, dir, NewItemNumbers())
		if err == nil || !strings.Contains(err.Error(), want) || advice.Of(err) == "" {
			t.Errorf("%s: %v; %s", row, err, advice.Of(err))
			continue
		}
		for _, flag := range []string{"--", "INITRD"} {
			if strings.Contains(err.Error()+advice.Of(err), flag) {
				t.Errorf("%s: a file has no flags: %v; %s", row, err, advice.Of(err))
			}
		}
	}
}

// What a profile says of a target is wrong where the profile says it, and what a row says
// in its place where that stands.
func TestMachinesErrorsOfProfiles(t *testing.T) {
	for own, want := range map[string]string{"": "machines.yaml:4:14: there is no file", "\n    initrds: [also]": "machines.yaml:8:15: there is no file"} {
		dir := folderOf(t, map[string]string{
			"kernel":        string(bzImage()),
			"machines.yaml": "profiles:\n  p:\n    boot: kernel\n    initrds: gone\nmachines:\n  - mac: \"*\"\n    profile: p" + own + "\n",
		})
		if _, err := readMachines(t, dir, NewItemNumbers()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", own, err)
		}
	}
}

// So it is with an ISO image, whose menu and files are looked for in it.
func TestMachinesErrorsOfISOs(t *testing.T) {
	dir := t.TempDir()
	targettest.ISOAt(t, filepath.Join(dir, "a.iso"), "alpine-std 3.19", "")
	for said, want := range map[string]string{
		"entry: Rescue":                    "machines.yaml:4:12: a.iso has no entry",
		"cmdline: 'a={{ FILE \"gone\" }}'": "machines.yaml:4:14: the command line: a.iso: there is no file gone on it",
		"cmdline: 'a={{ ID \"gone\" }}'":   "machines.yaml:4:14: there is no file ",
		"initrds: [gone]":                  "machines.yaml:4:15: there is no file ",
		"modules: [gone]":                  "machines.yaml:4:15: ",
	} {
		text := "machines:\n  - mac: \"*\"\n    boot: a.iso\n    " + said + "\n"
		if err := os.WriteFile(filepath.Join(dir, "machines.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readMachines(t, dir, NewItemNumbers()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", said, err)
		}
	}
}

// A row's command line can name an ISO image and its files, beside files of the row's own.
func TestCmdlineOfAnISO(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"node.yaml":     "x",
		"machines.yaml": "machines:\n  - mac: \"*\"\n    boot: a.iso\n    cmdline: 'a={{ ID \"node.yaml\" }} b={{ ISO }} c={{ FILE \"boot/vmlinuz*\" }}'\n",
	})
	targettest.ISOAt(t, filepath.Join(dir, "a.iso"), "alpine-std 3.19", "")
	m, err := readMachines(t, dir, NewItemNumbers())
	if err != nil {
		t.Fatal(err)
	}
	linux, _ := m.Find(client(1)).Payload.Content.(boot.Linux)
	line := linux.Cmdline.Expand(func(f boot.File) string { return "<" + f.Base() + ">" }, "")
	if !strings.Contains(line, "a=<node.yaml> b=<a.iso> c=<vmlinuz") {
		t.Errorf("command line %q", line)
	}
}

// xenForUEFI are the headers of Xen's program for UEFI: PE32+ for x64, linked to run where Xen
// does.
func xenForUEFI() string {
	b := make([]byte, 512)
	copy(b, "MZ")
	b[0x3c] = 0x40
	copy(b[0x40:], "PE\x00\x00\x64\x86")
	b[0x54] = 112 // of the optional header
	for at, field := range map[int]uint32{0: 0x20b, 24: 0x40000000, 28: 0xffff82d0, 32: 0x1000, 36: 0x200, 56: 0x1000, 60: 0x200, 68: 10} {
		binary.LittleEndian.PutUint32(b[0x58+at:], field)
	}
	return string(b)
}

// A row can boot Xen for UEFI with its modules.
func TestXenOfARow(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"kernel": string(bzImage()), "xen.efi": xenForUEFI(), "initrd": "070701",
		"machines.yaml": "machines:\n  - mac: \"*\"\n    boot: xen.efi\n    modules: [kernel quiet, initrd]\n    cmdline: loglvl=all\n",
	})
	m, err := readMachines(t, dir, NewItemNumbers())
	if err != nil {
		t.Fatal(err)
	}
	xen, ok := m.Find(client(1)).Payload.Content.(boot.Xen)
	none := func(boot.File) string { return "" }
	if !ok || xen.Kernel.File.Source != filepath.Join(dir, "kernel") || xen.Ramdisk.Source != filepath.Join(dir, "initrd") ||
		xen.Kernel.Text.Expand(none, "") != "quiet" || xen.Options.Expand(none, "") != "loglvl=all" {
		t.Errorf("%+v", xen)
	}
}

// multibootKernel begins with the header of a Multiboot kernel (Multiboot Specification
// 0.6.96, 3.1).
func multibootKernel() string {
	b := make([]byte, 8192)
	magic, flags := uint32(0x1badb002), uint32(1<<16)
	for i, v := range []uint32{magic, flags, -magic - flags, 0x100000, 0x100000, 0, 0, 0x100020} {
		binary.LittleEndian.PutUint32(b[4*i:], v)
	}
	return string(b)
}

// Items are the same for as long as they last, and no two targets share one.
func TestItems(t *testing.T) {
	items, seen := NewItemNumbers(), map[uint16]string{}
	for n := range endOfItems - firstItem {
		key := fmt.Sprint(n)
		item, err := items.of(key)
		if err != nil || seen[item] != "" || !IsItem(item) {
			t.Fatalf("%s has %d, which %q has too: %v", key, item, seen[item], err)
		}
		seen[item] = key
	}
	if again, err := items.of("0"); err != nil || seen[again] != "0" {
		t.Errorf("%d, %v", again, err)
	}
	if _, err := items.of("more"); err == nil || advice.Of(err) == "" || !items.Crowded() {
		t.Errorf("one too many: %v", err)
	}
	kept, _ := items.of("7")
	items.Keep(&Machines{items: map[uint16]*Assigned{kept: nil}})
	if again, err := items.of("7"); err != nil || again != kept || items.Crowded() {
		t.Errorf("%d is kept as %d, %v", kept, again, err)
	}
	if _, err := items.of("more"); err != nil {
		t.Errorf("there is no room: %v", err)
	}
}

// Each of 5,000 rows has a command line of its own, for one kernel.
func BenchmarkMachines5000(b *testing.B) {
	var text strings.Builder
	text.WriteString("machines:\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "  - mac: 52:54:00:00:%02x:%02x\n    boot: vmlinuz\n    cmdline: hostname=n%d\n", i>>8, i&255, i)
	}
	dir := folderOf(b, map[string]string{"vmlinuz": string(bzImage()), "machines.yaml": text.String()})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readMachines(b, dir, NewItemNumbers()); err != nil {
			b.Fatal(err)
		}
	}
}
