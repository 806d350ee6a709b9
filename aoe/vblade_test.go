package aoe

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

// beside has the same requests answered by vblade and by us.
type beside struct {
	*testing.T
	ours, vblades *initiator
}

// vblade serves a file as e1.0 on a cable of its own.
func vblade(t *testing.T, file string) *initiator {
	t.Helper()
	program, err := exec.LookPath("vblade")
	if err != nil {
		t.Fatal("vblade is missing: install the package vblade")
	}
	c := newCable(t, 1500)
	server := exec.Command(program, "-b", "64", "1", "0", "target", file)
	c.inside(t, func() { err = server.Start() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	i := &initiator{TB: t, link: c.client, target: c.server.Address(), from: c.client.Address(), shelf: 1}
	i.listenToAll()
	i.ask(i.request(cmdConfig, 0, 0, 0, 0, 0, version<<4, 0, 0))
	return i
}

func newBeside(t *testing.T, sectors int) *beside {
	t.Helper()
	dir := t.TempDir()
	content := make([]byte, sectors*sector)
	for at := range content {
		content[at] = byte(at / sector * 7)
	}
	var files [2]string
	for k, name := range []string{"vblade", "ours"} {
		files[k] = filepath.Join(dir, name)
		if err := os.WriteFile(files[k], content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := block.OpenFile(files[1], block.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	device, err := raw.Open(t.Context(), file, raw.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { device.Close() })
	ours := serve(t, 1500, &Server{Targets: []*Target{{Shelf: 1, Device: device}}})
	ours.listenToAll()
	return &beside{t, ours, vblade(t, files[0])}
}

// first is the first answer to a request, or nil if there is none. A question
// that has one follows it: when that is answered, so was the request, or soon.
func first(i *initiator, f frame) frame {
	i.Helper()
	for range 3 {
		i.tag++
		tag := i.tag
		binary.BigEndian.PutUint32(f[20:], tag)
		i.send(f)
		question := i.request(cmdConfig, 0, 0, 0, 0, 0, version<<4, 0, 0)
		i.send(question)
		wait := time.Second * 2
		for a := i.recv(wait); a != nil; a = i.recv(wait) {
			switch {
			case len(a) < headerSize || a[14]&flagResponse == 0:
			case a.tag() == tag:
				return a
			case a.tag() == question.tag():
				wait = 100 * time.Millisecond
			}
		}
		if wait < time.Second {
			return nil
		}
	}
	i.Fatalf("after %x no question is answered any more", f[:min(len(f), 60)])
	return nil
}

// fields are an answer's, by their names.
func fields(i *initiator, f frame) map[string]string {
	all := map[string]string{}
	put := func(name string, from, to int) {
		from, to = min(from, len(f)), min(to, len(f))
		all[name] = hex.EncodeToString(f[from:to])
	}
	if f == nil {
		return map[string]string{"answer": "none"}
	}
	all["answer"] = "one"
	all["length"] = fmt.Sprint(len(f))
	all["addresses"] = fmt.Sprint(MAC(f[:6]) == i.from, f.source() == i.target)
	put("version, flags", 14, 15)
	put("error", 15, 16)
	put("shelf, slot", 16, 19)
	put("command", 19, 20)
	switch f.command() {
	case cmdATA:
		put("ATA flags", 24, 25)
		put("ATA error", 25, 26)
		put("ATA count", 26, 27)
		put("ATA status", 27, 28)
		put("ATA LBA", 28, 34)
		put("ATA reserved", 34, 36)
		put("data", 36, len(f))
	case cmdConfig:
		put("buffers", 24, 26) // and the firmware, of which each has its own version
		put("sectors", 28, 29)
		put("way", 29, 30)
		put("string", 30, len(f))
	default:
		all["argument"] = hex.EncodeToString(bytes.ReplaceAll(f[min(24, len(f)):], i.from[:], []byte("itself")))
	}
	return all
}

// compare asks both. Differences are meant where why says of which field.
func (b *beside) compare(name string, why map[string]string, command uint8, arg ...byte) (ours, vblades frame) {
	b.Helper()
	return b.compareFrames(name, why, func(i *initiator) frame { return i.request(command, arg...) })
}

func (b *beside) compareFrames(name string, why map[string]string, request func(i *initiator) frame) (ours, vblades frame) {
	b.Helper()
	ours, vblades = first(b.ours, request(b.ours)), first(b.vblades, request(b.vblades))
	if len(vblades) == 60 && ours != nil && len(ours) < 60 {
		vblades = vblades[:len(ours)] // it leaves no frame to the card that is shorter
	}
	mine, theirs := fields(b.ours, ours), fields(b.vblades, vblades)
	names := maps.Clone(mine)
	maps.Copy(names, theirs)
	for _, field := range slices.Sorted(maps.Keys(names)) {
		same, meant := mine[field] == theirs[field], why[field] != ""
		switch {
		case !same && !meant && (ours == nil) == (vblades == nil) || !same && !meant && field == "answer":
			b.Errorf("%s: %s: vblade says %q, and we %q", name, field, theirs[field], mine[field])
		case same && meant:
			b.Errorf("%s: %s: no difference, which is meant because %s", name, field, why[field])
		}
	}
	return ours, vblades
}

// TestVblade compares our answers with vblade's, field by field.
func TestVblade(t *testing.T) {
	const sectors = 2000
	b := newBeside(t, sectors)
	b.config()
	b.ata(sectors)
	b.access()
	b.strange()
}

func (b *beside) ata(sectors uint64) {
	data := noise(2*sector, 5)
	for _, c := range []struct {
		name string
		arg  []byte
	}{
		{"write, 28 bit", ata(ataWrite, 0, 2, ataWrite28, 10, data...)},
		{"read, 28 bit", ata(0, 0, 2, ataRead, 10)},
		{"write, 48 bit", ata(ataWrite|ataExtended, 0, 2, ataWriteExt, 100, data...)},
		{"read, 48 bit", ata(ataExtended, 0, 2, ataReadExt, 99)},
		{"read the last", ata(ataExtended, 0, 1, ataReadExt, sectors-1)},
		{"write asynchronously", ata(ataWrite|ataAsync, 0, 1, ataWrite28, 20, data[:sector]...)},
		{"read of what was written so", ata(0, 0, 1, ataRead, 20)},
		{"flush", ata(0, 0, 0, ataFlush, 0)},
		{"flush, 48 bit", ata(ataExtended, 0, 0, ataFlushExt, 0)},
		{"read beyond the end, 28 bit", ata(0, 0, 1, ataRead, sectors)},
		{"read beyond the end, 48 bit", ata(ataExtended, 0, 1, ataReadExt, sectors)},
		{"read across the end", ata(ataExtended, 0, 2, ataReadExt, sectors-1)},
		{"read far beyond the end", ata(ataExtended, 0, 1, ataReadExt, 1<<47)},
		{"write beyond the end", ata(ataWrite|ataExtended, 0, 1, ataWriteExt, sectors, data[:sector]...)},
		{"unknown", ata(0, 0, 0, 0x99, 0)},
		{"read nothing", ata(0, 0, 0, ataRead, 0)},
		{"read more than a frame", ata(0, 0, 3, ataRead, 0)},
		{"write cut short", ata(ataWrite, 0, 2, ataWrite28, 0, data[:sector]...)},
		{"check power mode", ata(0, 0, 0, ataCheckPower, 0)},
		{"verify", ata(0, 0, 1, ataVerify, 0)},
		{"SMART", ata(0, 0xda, 0, 0xb0, 0xc24f00)},
		{"cut short", ata(0, 0, 1, ataRead, 0)[:8]},
	} {
		b.compare(c.name, meantATA[c.name], cmdATA, c.arg...)
	}
	ours, theirs := b.compare("identify", map[string]string{"data": "see meantWords"}, cmdATA, ata(0, 0, 1, ataIdentify, 0)...)
	if len(ours) == ataSize+sector && len(theirs) == len(ours) {
		b.identify(ours[ataSize:], theirs[ataSize:])
	}
}

func (b *beside) identify(ours, theirs []byte) {
	for word := range 256 {
		mine, their := binary.LittleEndian.Uint16(ours[2*word:]), binary.LittleEndian.Uint16(theirs[2*word:])
		if mine != their && meantWords[word] == "" {
			b.Errorf("identify: word %d: vblade says %#04x, and we %#04x", word, their, mine)
		}
	}
}

func (b *beside) config() {
	query := func(way uint8, s string) []byte {
		return append([]byte{0, 0, 0, 0, 0, version<<4 | way, byte(len(s) >> 8), byte(len(s))}, s...)
	}
	for _, c := range []struct {
		name string
		arg  []byte
	}{
		{"read none", query(configRead, "")},
		{"test for none", query(configTest, "")},
		{"set", query(configSet, "mine")},
		{"set the same again", query(configSet, "mine")},
		{"set another", query(configSet, "yours")},
		{"read", query(configRead, "")},
		{"read with a string", query(configRead, "ignored")},
		{"test", query(configTest, "mine")},
		{"test for less", query(configTest, "min")},
		{"test for more", query(configTest, "mine too")},
		{"prefix", query(configPrefix, "mi")},
		{"another prefix", query(configPrefix, "you")},
		{"a longer prefix", query(configPrefix, "mine too")},
		{"force", query(configForce, "yours")},
		{"unknown way", query(9, "")},
		{"longer than there may be", query(configForce, string(make([]byte, 1025)))},
		{"the longest", query(configForce, string(make([]byte, 1024)))},
		{"cut short", query(configForce, "cut short")[:12]},
		{"without its length", query(configRead, "")[:6]},
		{"force none", query(configForce, "")},
	} {
		b.compare("query config: "+c.name, meantConfig[c.name], cmdConfig, c.arg...)
	}
	for _, to := range []struct {
		name  string
		shelf uint16
		slot  uint8
		arg   []byte
	}{
		{"all", AnyShelf, AnySlot, query(configRead, "")},
		{"the shelf", 1, AnySlot, query(configRead, "")},
		{"the slot", AnyShelf, 0, query(configRead, "")},
		{"another shelf", 2, AnySlot, query(configRead, "")},
		{"another slot", 1, 1, query(configRead, "")},
		{"all, for a string", AnyShelf, AnySlot, query(configTest, "x")},
		{"all, to set", AnyShelf, AnySlot, query(configForce, "x")},
	} {
		b.compareFrames("query config of "+to.name, meantConfig[to.name], func(i *initiator) frame {
			f := i.request(cmdConfig, to.arg...)
			copy(f, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
			binary.BigEndian.PutUint16(f[16:], to.shelf)
			f[18] = to.slot
			return f
		})
	}
	b.compare("query config: clean up", meantConfig["clean up"], cmdConfig, query(configForce, "")...)
}

// access compares mask lists and reservations.
func (b *beside) access() {
	other := []byte{2, 0, 0, 0, 0, 9}
	for _, c := range []struct {
		name    string
		command uint8
		arg     func(own []byte) []byte
	}{
		{"mask: read none", cmdMask, func([]byte) []byte { return []byte{0, maskRead, 0, 0} }},
		{"mask: add", cmdMask, func(own []byte) []byte {
			return slices.Concat([]byte{0, maskEdit, 0, 2, 0, directiveAdd}, own, []byte{0, directiveAdd}, other)
		}},
		{"mask: add again", cmdMask, func(own []byte) []byte { return slices.Concat([]byte{0, maskEdit, 0, 1, 0, directiveAdd}, own) }},
		{"mask: read", cmdMask, func([]byte) []byte { return []byte{0, maskRead, 0, 0} }},
		{"mask: bad directive", cmdMask, func(own []byte) []byte { return slices.Concat([]byte{0, maskEdit, 0, 1, 0, 9}, own) }},
		{"mask: unknown", cmdMask, func([]byte) []byte { return []byte{0, 7, 0, 0} }},
		{"mask: directives that aren't there", cmdMask, func([]byte) []byte { return []byte{0, maskEdit, 0, 9} }},
		{"mask: no directive", cmdMask, func(own []byte) []byte { return slices.Concat([]byte{0, maskEdit, 0, 1, 0, 0}, own) }},
		{"mask: delete", cmdMask, func([]byte) []byte { return slices.Concat([]byte{0, maskEdit, 0, 1, 0, directiveDelete}, other) }},
		{"reserve: read none", cmdReserve, func([]byte) []byte { return []byte{reserveRead, 0} }},
		{"reserve: set", cmdReserve, func(own []byte) []byte { return slices.Concat([]byte{reserveSet, 1}, own) }},
		{"reserve: read", cmdReserve, func([]byte) []byte { return []byte{reserveRead, 0} }},
		{"reserve: for another", cmdReserve, func([]byte) []byte { return slices.Concat([]byte{reserveSet, 1}, other) }},
		{"reserve: set what is another's", cmdReserve, func(own []byte) []byte { return slices.Concat([]byte{reserveSet, 1}, own) }},
		{"reserved: read", cmdATA, func([]byte) []byte { return ata(0, 0, 1, ataRead, 0) }},
		{"reserved: identify", cmdATA, func([]byte) []byte { return ata(0, 0, 1, ataIdentify, 0) }},
		{"reserved: query config", cmdConfig, func([]byte) []byte { return []byte{0, 0, 0, 0, 0, version << 4, 0, 0} }},
		{"reserved: set config", cmdConfig, func([]byte) []byte { return []byte{0, 0, 0, 0, 0, version<<4 | configForce, 0, 1, 'x'} }},
		{"reserved: mask", cmdMask, func([]byte) []byte { return []byte{0, maskEdit, 0, 0} }},
		{"reserve: unknown", cmdReserve, func([]byte) []byte { return []byte{9, 0} }},
		{"reserve: addresses that aren't there", cmdReserve, func([]byte) []byte { return []byte{reserveForce, 9} }},
		{"reserve: by force", cmdReserve, func([]byte) []byte { return []byte{reserveForce, 0} }},
	} {
		b.compareFrames(c.name, meantAccess[c.name], func(i *initiator) frame { return i.request(c.command, c.arg(i.from[:])...) })
	}
}

// strange compares what is no request.
func (b *beside) strange() {
	for name, change := range map[string]func(f frame) frame{
		"unknown command": func(f frame) frame { f[19] = 77; return f },
		"another version": func(f frame) frame { f[14] = 2 << 4; return f },
		"an answer":       func(f frame) frame { f[14] |= flagResponse; return f },
		"the header only": func(f frame) frame { return f[:headerSize] },
		"ATA to all":      func(f frame) frame { f[16], f[17], f[18] = 0xff, 0xff, 0xff; return f },
		"another address": func(f frame) frame { copy(f, []byte{2, 3, 4, 5, 6, 7}); return f },
		"an error":        func(f frame) frame { f[14] |= flagError; f[15] = 3; return f },
		"longer":          func(f frame) frame { return append(f, bytes.Repeat([]byte{1}, 100)...) },
	} {
		b.compareFrames("strange: "+name, meantStrange[name], func(i *initiator) frame {
			return change(i.request(cmdATA, ata(0, 0, 1, ataRead, 0)...))
		})
	}
}
