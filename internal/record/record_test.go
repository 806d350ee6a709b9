package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/record"
)

var (
	mac   = boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}
	began = time.Date(2026, 4, 1, 12, 1, 7, 0, time.UTC)
	uuid  = []byte{0x52, 0x1c, 0x3f, 0x8a, 0x0e, 0x6d, 0x7a, 0x4b, 0x9c, 0x21, 0x52, 0x54, 0, 0x77, 0, 0xaa}
)

// discover is the machine's request, with what names it in every place.
func discover() []byte {
	b := make([]byte, 240)
	b[0], b[1], b[2] = 1, 1, 6
	copy(b[28:], mac[:])
	copy(b[236:], []byte{0x63, 0x82, 0x53, 0x63})
	b = append(b, 53, 1, 1, 50, 4, 192, 168, 7, 23, 61, 7, 1)
	b = append(append(b, mac[:]...), 97, 17, 0)
	b = append(append(b, uuid...), 12, 6)
	b = append(append(b, "secret"...), 67, 20)
	return append(append(b, "01-52-54-00-AA-bb-01"...), 255)
}

func example() record.Record {
	return record.Record{
		Head: record.Head{
			Format: record.Format, Spur: "v1", MAC: mac, Began: began, DHCP: "proxy", Interface: "eth0",
			Addresses: []netip.Prefix{netip.MustParsePrefix("192.168.7.1/24")}, Known: record.Known{Failed: []string{"bios-undionly"}},
		},
		Entries: []record.Entry{
			{Packet: &record.Packet{
				Way: record.Request, Proto: record.DHCP, Src: netip.MustParseAddrPort("0.0.0.0:68"), Dst: netip.MustParseAddrPort("255.255.255.255:67"),
				Server: netip.MustParseAddr("192.168.7.1"), Says: "DISCOVER", Bytes: discover(),
			}},
			{After: 1.5, Event: &record.Event{
				Kind: "fetch-failed", Proto: "http", Role: "kernel", File: "vmlinuz", Peer: netip.MustParseAddr("192.168.7.23"), Bytes: 7,
				Err: "Get http://files.corp.example:8080/vmlinuz: 192.168.7.9 is down",
			}},
			{After: 20, Verdict: &record.Verdict{Cause: "transfer-aborted", Sentence: "broke off"}},
		},
	}
}

func TestLines(t *testing.T) {
	want := example()
	b, err := record.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if !record.Is(b) || bytes.Count(b, []byte("\n")) != 4 {
		t.Errorf("got\n%s", b)
	}
	got, err := record.Decode(bytes.NewReader(b))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got.Verdict().Cause != "transfer-aborted" || got.Head.At(got.Entries[1]) != began.Add(1500*time.Millisecond) {
		t.Errorf("got %+v", got.Verdict())
	}
}

// What is no record is refused in one line.
func TestDecodeRefuses(t *testing.T) {
	for text, want := range map[string]error{
		"":                                       record.ErrFormat,
		"hello":                                  record.ErrFormat,
		`{"mac":"52:54:00:aa:bb:01"}`:            record.ErrFormat,
		`{"spur-record":1,"mac":7}`:              record.ErrFormat,
		`{"spur-record":2}`:                      record.ErrNewer,
		"{\"spur-record\":1}\nhello":             record.ErrFormat,
		"{\"spur-record\":1}\n{\"after\":1e300}": record.ErrFormat,
		"{\"spur-record\":1}\n" + strings.Repeat("x", 70_000):  record.ErrFormat,
		"{\"spur-record\":1}\n" + strings.Repeat("{}\n", 2100): record.ErrFormat,
	} {
		_, err := record.Decode(strings.NewReader(text))
		if !errors.Is(err, want) || strings.Contains(fmt.Sprint(err), "\n") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// Nothing of whose machine and network it was is left.
func TestAnonymous(t *testing.T) {
	b, err := record.Encode(record.Anonymous(example()))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(string(b))
	for _, secret := range []string{
		"aa:bb:01", "aabb01", "aa-bb-01", "192.168.7", "c0a807", "secret", "736563726574", "corp.example", "521c3f8a", "eth0", "61612d62622d3031",
	} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is left in\n%s", secret, b)
		}
	}
	r, err := record.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	p := r.Entries[0].Packet
	if !r.Head.Anonymous || boot.MAC(p.Bytes[28:34]) != r.Head.MAC || r.Head.MAC == mac {
		t.Errorf("got %+v", r.Head)
	}
	// What is on one network stays there, and the names go with the addresses.
	if on := r.Head.Addresses[0]; !on.Contains(r.Entries[1].Event.Peer) || p.Server != on.Addr() {
		t.Errorf("got %s, %s, %s", on, r.Entries[1].Event.Peer, p.Server)
	}
	if want := "01-" + strings.ReplaceAll(r.Head.MAC.String(), ":", "-"); !bytes.Contains(p.Bytes, []byte(want)) {
		t.Errorf("the file isn't %s: %q", want, p.Bytes[240:])
	}
	// Twice is as good as once.
	if twice, _ := record.Encode(record.Anonymous(r)); !bytes.Equal(twice, b) && len(twice) != len(b) {
		t.Errorf("got\n%s\nthen\n%s", b, twice)
	}
}

// Over IPv6 a DUID names the machine, and its addresses may have the card's in them.
func TestAnonymous6(t *testing.T) {
	src := netip.MustParseAddr("fe80::5054:ff:feaa:bb01")
	b := []byte{1, 9, 9, 9, 0, 1, 0, 14, 0, 1, 0, 1, 1, 2, 3, 4}
	b = append(b, mac[:]...)
	url := "tftp://[2001:db8:7::1]/a.efi"
	b = append(append(b, 0, 59, 0, byte(len(url))), url...)
	r := record.Record{Head: record.Head{MAC: mac, Began: began}, Entries: []record.Entry{{Packet: &record.Packet{
		Way: record.Request, Proto: record.DHCP6, Src: netip.AddrPortFrom(src, 546), Dst: netip.MustParseAddrPort("[ff02::1:2]:547"), Card: &mac, Bytes: b,
	}}}}
	got := record.Anonymous(r)
	p := got.Entries[0].Packet
	text, _ := record.Encode(got)
	for _, secret := range []string{"feaa:bb01", "aabb01", "2001:db8:7"} {
		if strings.Contains(string(text), secret) || bytes.Contains(p.Bytes, []byte(secret)) {
			t.Errorf("%q is left in %s, %q", secret, text, p.Bytes)
		}
	}
	if *p.Card != got.Head.MAC || !bytes.Contains(p.Bytes, got.Head.MAC[:]) || !p.Src.Addr().IsLinkLocalUnicast() || p.Dst.Addr() != netip.MustParseAddr("ff02::1:2") {
		t.Errorf("got %+v", p)
	}
}

// A machine's memory has its beginning and its end, and a bound.
func TestRecent(t *testing.T) {
	var r record.Recent
	if _, ok := r.Between(mac, began, began.Add(time.Hour)); ok || r.Knows(mac) {
		t.Error("something is remembered before anything happened")
	}
	r.Add(mac, began, record.Entry{}) // of a machine that doesn't boot
	r.Begin(record.Head{MAC: mac})
	for n := range 1000 {
		at := began.Add(time.Duration(n) * time.Second)
		r.Add(mac, at, record.Entry{Packet: &record.Packet{Says: fmt.Sprint(n), Bytes: make([]byte, 300)}})
	}
	got, ok := r.Between(mac, began, began.Add(time.Hour))
	if !ok || len(got.Entries) != 200 || got.Head.Omitted != 800 || got.Head.Began != began {
		t.Fatalf("got %d entries, %+v", len(got.Entries), got.Head)
	}
	if got.Entries[0].Packet.Says != "0" || got.Entries[199].Packet.Says != "999" || got.Entries[199].After != 999 {
		t.Errorf("from %+v to %+v", got.Entries[0], got.Entries[199])
	}
	if got, _ := r.Between(mac, began.Add(998*time.Second), began.Add(998*time.Second)); len(got.Entries) != 1 {
		t.Errorf("got %+v", got)
	}
}

// What was known of a machine when a boot was answered first counts for that boot.
func TestKnown(t *testing.T) {
	var r record.Recent
	r.Begin(record.Head{MAC: mac})
	for n, failed := range []string{"first", "second", "third"} {
		r.Add(mac, began.Add(time.Duration(n)*time.Minute), record.Entry{Packet: &record.Packet{Way: record.Request}})
		r.Add(mac, began.Add(time.Duration(n)*time.Minute), record.Entry{Packet: &record.Packet{Way: record.Reply, Known: &record.Known{Failed: []string{failed}}}})
	}
	got, _ := r.Between(mac, began.Add(time.Minute), began.Add(time.Hour))
	if !slices.Equal(got.Head.Failed, []string{"second"}) || len(got.Entries) != 4 {
		t.Errorf("got %+v", got)
	}
}

// Of a file's progress the latest report says all.
func TestProgress(t *testing.T) {
	var r record.Recent
	r.Begin(record.Head{MAC: mac})
	for n := range 50 {
		for _, name := range []string{"a", "b"} {
			r.Add(mac, began.Add(time.Duration(n)*time.Second), record.Entry{Event: &record.Event{Kind: "fetch-progress", File: name, Bytes: int64(n)}})
		}
	}
	got, _ := r.Between(mac, began, began.Add(time.Hour))
	if len(got.Entries) != 2 || got.Entries[1].Event.Bytes != 49 {
		t.Errorf("got %+v", got.Entries)
	}
}

// However many machines there are, the memory has a bound.
func TestRecentIsBounded(t *testing.T) {
	var r record.Recent
	known := 0
	for n := range 3000 {
		m := boot.MAC{2, 0, 0, 0, byte(n >> 8), byte(n)}
		r.Begin(record.Head{MAC: m})
		for range 20 {
			r.Add(m, began, record.Entry{Packet: &record.Packet{Bytes: make([]byte, 9000)}})
		}
	}
	for n := range 3000 {
		if r.Knows(boot.MAC{2, 0, 0, 0, byte(n >> 8), byte(n)}) {
			known++
		}
	}
	if known == 0 || known > 110 { // 16 MiB by 20 × 9 KiB
		t.Errorf("%d machines are remembered", known)
	}
}

// A folder keeps the newest, and leaves other files alone.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "failed")
	f, err := record.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := example()
	for n := range record.MaxFiles + 20 {
		if err := f.Write(record.Name(mac, began.Add(time.Duration(n)*time.Minute)), r); err != nil {
			t.Fatal(err)
		}
	}
	last := record.Name(mac, began.Add((record.MaxFiles+19)*time.Minute))
	if err := f.Write(last, r); err != nil { // once more
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != record.MaxFiles+1 || !slices.Contains(names, "notes.jsonl") || !slices.Contains(names, last) || slices.Contains(names, record.Name(mac, began)) {
		t.Errorf("%d files: %q", len(names), names)
	}
	if err := f.Remove(last); err != nil {
		t.Error(err)
	}
	if err := f.Remove(last); err != nil {
		t.Errorf("it is gone already: %v", err)
	}
}

// The name of a record is read as it was written.
func TestParseName(t *testing.T) {
	mac, began := boot.MAC{0x52, 0x54, 0, 0x12, 0x34, 0x56}, time.Date(2026, 4, 1, 12, 1, 7, 0, time.UTC)
	if gotMAC, gotBegan, ok := record.ParseName(record.Name(mac, began)); !ok || gotMAC != mac || !gotBegan.Equal(began) {
		t.Errorf("got %v, %v, %v", gotMAC, gotBegan, ok)
	}
	for _, name := range []string{
		"", ".jsonl", "20260401-120107.jsonl", "20260401-120107-.jsonl", "20260401-120107-52-54.jsonl",
		"20261301-120107-52-54-00-12-34-56.jsonl", "20260401-120107-52-54-00-12-34-56",
	} {
		if _, _, ok := record.ParseName(name); ok {
			t.Errorf("%q is one", name)
		}
	}
}

// Large ones count by their size.
func TestFolderSize(t *testing.T) {
	dir := t.TempDir()
	f, err := record.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := example()
	for range 30 {
		r.Entries = append(r.Entries, record.Entry{Packet: &record.Packet{Bytes: make([]byte, 9000)}})
	}
	for n := range 40 { // of half a megabyte each
		if err := f.Write(record.Name(mac, began.Add(time.Duration(n)*time.Minute)), r); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	total := int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > record.MaxFolder || len(files) < 10 {
		t.Errorf("%d files of %d bytes", len(files), total)
	}
}

func FuzzDecode(f *testing.F) {
	b, err := record.Encode(example())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := record.Decode(bytes.NewReader(b))
		if err != nil {
			return
		}
		if _, err := record.Encode(record.Anonymous(r)); err != nil && !strings.Contains(err.Error(), "year") {
			t.Error(err)
		}
	})
}
