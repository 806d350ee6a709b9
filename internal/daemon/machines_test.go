package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/machinetargets"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
)

// machinesIn is a file of machines in a folder, with Multiboot kernels beside it.
type machinesIn struct {
	*testing.T
	dir  string
	told *shared
	*machinesFile
}

func (m *machinesIn) write(name, text string) {
	m.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		m.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		m.Fatal(err)
	}
}

func newMachinesIn(t *testing.T, text string) *machinesIn {
	t.Helper()
	m := &machinesIn{T: t, dir: t.TempDir(), told: &shared{}}
	for _, name := range []string{"one", "two"} {
		m.write(name, string(flatKernel(name)))
	}
	m.write("machines.yaml", text)
	cache, err := fetch.New(fetch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cache.Close() })
	d := &daemon{notices: newNotices(Config{Out: m.told}), cache: cache, host: route.Host{
		Loaders: route.Binaries{{Build: route.Build{File: "undionly.kpxe", Firmware: boot.BIOS, Arch: boot.X86}}},
	}}
	file := machinetargets.File{Path: filepath.Join(m.dir, "machines.yaml"), Open: openURL(cache)}
	m.machinesFile = &machinesFile{daemon: d, file: file, items: machinetargets.NewItemNumbers(), known: stampOf(file.Path)}
	t.Cleanup(m.close)
	read, err := m.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shared := localFiles(read.Files())
	shared.files, shared.folders = append(shared.files, file.Path), read.Folders()
	m.within = within(shared)
	m.once = resolver.NewOnce(m, nil)
	d.machines = m.machinesFile
	return m
}

func (m *machinesIn) boots(c boot.Client) string {
	m.Helper()
	p, err := m.Resolve(m.Context(), c)
	if err != nil {
		return err.Error()
	}
	return p.Title()
}

func at(last byte) boot.Client {
	return boot.Client{MAC: boot.MAC{0x52, 0x54, 0, 0, 0, last}, Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
}

const machinesText = `machines:
  - mac: 52:54:00:00:00:01
    boot: one
    once: true
  - serial: S2
    boot: two
  - mac: 52:54:00:00:00:03
    boot: one
`

func TestMachinesFile(t *testing.T) {
	m := newMachinesIn(t, machinesText)
	if got := m.boots(at(1)); got != "one" {
		t.Errorf("by its MAC it boots %s", got)
	}
	p, _ := m.Resolve(t.Context(), at(3))
	asks, ok := p.Content.(boot.Inquiry)
	if !ok || asks.Else == 0 {
		t.Errorf("one that may be known by its serial number gets %+v", p)
	}
	without := at(3)
	without.Item = asks.Else
	if got := m.boots(without); got != "one" {
		t.Errorf("without a serial number it boots %s", got)
	}
	numbered := at(4)
	numbered.Serial = "s2"
	if got := m.boots(numbered); got != "two" {
		t.Errorf("by its serial number it boots %s", got)
	}
	if p, _ := m.Resolve(t.Context(), numbered); !strings.HasSuffix(p.Row, "machines.yaml:5") {
		t.Errorf("its row is %q", p.Row)
	}
	numbered.Serial = "other"
	if _, err := m.Resolve(t.Context(), numbered); !errors.Is(err, boot.ErrIgnore) || !strings.Contains(err.Error(), "no row of") {
		t.Errorf("a stranger: %v", err)
	}
}

// A machine whose row says once boots until it is up, and others again and again.
func TestMachinesOnce(t *testing.T) {
	m := newMachinesIn(t, machinesText)
	if m.boots(at(1)); !m.bootsOnce(at(1).MAC) {
		t.Error("its row doesn't say once")
	}
	if err := m.once.Done(at(1).MAC); err != nil {
		t.Fatal(err)
	}
	if got := m.boots(at(1)); !strings.Contains(got, "booted once already; once: true in ") || !strings.Contains(got, "machines.yaml:2 keeps Spur silent") {
		t.Errorf("once more it boots %s", got)
	}
	numbered := at(4)
	numbered.Serial = "s2"
	if m.boots(numbered); m.bootsOnce(numbered.MAC) {
		t.Error("another row says once")
	}
	if !m.bootsOnce(at(1).MAC) || m.bootsOnce(at(9).MAC) {
		t.Error("what a restart has forgotten isn't what the file says of the MAC")
	}
}

// What a machine was given stays its own while the file changes; the next boot goes by the
// file, and nothing is lost to one with an error, which is told once.
func TestMachinesFileChanges(t *testing.T) {
	m := newMachinesIn(t, machinesText)
	p, err := m.Resolve(t.Context(), at(1))
	if err != nil {
		t.Fatal(err)
	}
	under := at(1)
	under.Item = p.Item

	m.write("machines.yaml", strings.Replace(machinesText, "boot: one", "boot: gone", 1))
	failed := m.reread(t.Context(), "")
	if again := m.reread(t.Context(), failed); again != failed || strings.Count(m.told.String(), "there is no file") != 1 {
		t.Errorf("told\n%s", m.told)
	}
	if !strings.Contains(m.told.String(), "machines.yaml:3:11: there is no file") || !strings.Contains(m.told.String(), "        boot: gone\n              ^") {
		t.Errorf("the place isn't shown:\n%s", m.told)
	}
	if got := m.boots(at(1)); got != "one" {
		t.Errorf("with an error in the file it boots %s", got)
	}

	m.write("machines.yaml", strings.Replace(machinesText, "boot: one", "boot: two", 1))
	if failed = m.reread(t.Context(), failed); failed != "" || !strings.Contains(m.told.String(), "machines.yaml changed: the next boot gets it") {
		t.Errorf("%s: told\n%s", failed, m.told)
	}
	if now, next := m.boots(under), m.boots(at(1)); now != "one" || next != "two" {
		t.Errorf("under way it boots %s, then %s", now, next)
	}
	m.write("machines.yaml", "machines:\n  - mac: 52:54:00:00:00:01\n    boot: two\n")
	m.reread(t.Context(), "")
	f, err := m.Open(filepath.Join(m.dir, "one"))
	if err != nil {
		t.Fatalf("the file of a boot that is under way: %v", err)
	}
	text, _ := io.ReadAll(f)
	_ = f.Close()
	if !strings.HasSuffix(string(text), "one") {
		t.Errorf("it has %q", text)
	}
	for range readingsMost {
		m.reread(t.Context(), "")
	}
	if got := m.boots(under); got != "two" {
		t.Errorf("what is no longer known boots %s", got)
	}
}

// What lies where Spur can't read any more is refused, links that lead there too.
func TestMachinesFileOutside(t *testing.T) {
	m := newMachinesIn(t, machinesText)
	outside := filepath.Join(t.TempDir(), "kernel")
	if err := os.WriteFile(outside, flatKernel("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(m.dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{outside, "link", "one\n    cmdline: '{{ ID \"" + outside + "\" }}'", "one\n    modules: " + outside + " text"} {
		m.write("machines.yaml", "machines:\n  - mac: \"*\"\n    boot: "+name+"\n")
		if failed := m.reread(t.Context(), ""); !strings.Contains(failed, "lies outside of the folders") || !strings.Contains(failed, "restart Spur") {
			t.Errorf("%s: %s", name, failed)
		}
	}
	m.write("three", string(flatKernel("three")))
	m.write("machines.yaml", "machines:\n  - mac: \"*\"\n    boot: three\n")
	if failed := m.reread(t.Context(), ""); failed != "" || m.boots(at(1)) != "three" {
		t.Errorf("a file that is new in the folder: %s", failed)
	}
}

// The file is looked at by itself: one that is put in its place, and targets that come.
func TestMachinesFileIsWatched(t *testing.T) {
	m := newMachinesIn(t, machinesText)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- m.run(ctx, func() {}) }()
	defer func() { cancel(); <-done }()
	until := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %s", what, m.told)
			}
		}
	}
	m.write("machines.yaml", strings.Replace(machinesText, "boot: one", "boot: late", 1))
	until("the error", func() bool { return strings.Contains(m.told.String(), "there is no file") })
	m.write("late", string(flatKernel("late")))
	until("the target that came", func() bool { return m.boots(at(1)) == "late" })
	if err := os.Remove(filepath.Join(m.dir, "machines.yaml")); err != nil {
		t.Fatal(err)
	}
	until("the file that is gone", func() bool { return strings.Contains(m.told.String(), "can't be read") })
	m.write("machines.yaml", machinesText)
	until("the file that is back", func() bool { return m.boots(at(1)) == "one" })
}

// A large file that is written anew again and again has room for what it names.
func TestMachinesFileOftenWrittenAnew(t *testing.T) {
	m := newMachinesIn(t, machinesText)
	for turn := range 3 {
		var text strings.Builder
		text.WriteString("machines:\n")
		for n := range 6000 {
			fmt.Fprintf(&text, "  - mac: 52:54:00:00:%02x:%02x\n    boot: one\n    root-path: r%d-%d\n", n>>8, n&255, turn, n)
		}
		m.write("machines.yaml", text.String())
		if failed := m.reread(t.Context(), ""); failed != "" {
			t.Fatalf("turn %d: %s", turn, failed)
		}
		if p, err := m.Resolve(t.Context(), at(9)); err != nil || p.RootPath != fmt.Sprintf("r%d-9", turn) {
			t.Errorf("turn %d: %+v, %v", turn, p, err)
		}
	}
}
