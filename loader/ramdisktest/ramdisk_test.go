// Package ramdisktest tests on this host what the RAM-disk program of loader/ramdisk reads
// of others.
package ramdisktest

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// harness builds what the program reads of others for this host, with checks of every
// access to memory.
func harness(t testing.TB) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "harness")
	build := exec.Command("gcc", "-g", "-Wall", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-builtin", "-o", program,
		"testdata/harness.c", "../ramdisk/origin.c", "../ramdisk/instructions.c", "../ramdisk/guids.c", "../ramdisk/text.c", "../ramdisk/url.c")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// reads is what the program understands of a packet and of instructions; with an argument
// the packet is one of DHCPv6.
func reads(t *testing.T, program string, packet, instructions []byte, args ...string) string {
	t.Helper()
	run := exec.Command(program, args...)
	run.Stdin = bytes.NewReader(append(packet[:len(packet):len(packet)], instructions...))
	var said bytes.Buffer
	run.Stderr = &said
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	return string(out)
}

// packetSize is the size of what firmware keeps of a packet.
const packetSize = 1472

// packet is an answer of DHCP with a next server, a boot file and options.
func packet(server [4]byte, file string, options ...byte) []byte {
	p := make([]byte, packetSize)
	copy(p[20:], server[:])
	copy(p[108:], file)
	copy(p[236:], "\x63\x82\x53\x63")
	copy(p[240:], append(options, 255))
	return p
}

func option(code byte, text string) []byte { return append([]byte{code, byte(len(text))}, text...) }

const told = "title a disk\nsize 1474560\ntype cd\nhttp http://192.0.2.1/S/d.iso\ntftp S/d.iso\n"

func TestReads(t *testing.T) {
	program := harness(t)
	us, none := [4]byte{192, 0, 2, 1}, [4]byte{}
	const understood = "title a disk size 1474560 cd 1 http http://192.0.2.1/S/d.iso tftp S/d.iso trouble -\n"
	for _, test := range []struct {
		name         string
		packet       []byte
		instructions string
		want         string
	}{
		{"BOOTP's field", packet(us, "S/ramdisk.efi"), told, "server 192.0.2.1 folder S/\n" + understood},
		{"option 67", packet(us, "", option(67, "S/ramdisk.efi")...), told, "server 192.0.2.1 folder S/\n" + understood},
		{"option 67 with a NUL and more", packet(us, "", option(67, "S/ramdisk.efi\x00\xffx")...), told, "server 192.0.2.1 folder S/\n" + understood},
		{"no next server", packet(none, "S/ramdisk.efi", option(54, "\xc0\x00\x02\x02")...), told, "server 192.0.2.2 folder S/\n" + understood},
		{"a router", packet(us, "S/ramdisk.efi", option(3, "\xc0\x00\x02\x03\xc0\x00\x02\x04")...), told, "server 192.0.2.1 router 192.0.2.3 folder S/\n" + understood},
		{"a router that is cut off", packet(us, "S/ramdisk.efi", option(3, "\xc0\x00\x02")...), told, "server 192.0.2.1 folder S/\n" + understood},
		{"no server at all", packet(none, "S/ramdisk.efi"), told, ""},
		{"another's file", packet(us, "S/snponly.efi"), told, ""},
		{"a field without an end", packet(us, strings.Repeat("x", 117)+"ramdisk.efi"), told, "server 192.0.2.1 folder " + strings.Repeat("x", 117) + "\n" + understood},
		{"trouble", packet(us, "S/ramdisk.efi"), "trouble it is gone", "server 192.0.2.1 folder S/\ntitle - size 0 cd 0 http - tftp - trouble it is gone\n"},
		{"size of 64 bits", packet(us, "S/ramdisk.efi"), "size 18446744073709551104", "server 192.0.2.1 folder S/\ntitle - size 0 cd 0 http - tftp - trouble -\n"},
		{"size of more", packet(us, "S/ramdisk.efi"), "size 18446744073709552000", "server 192.0.2.1 folder S/\ntitle - size 0 cd 0 http - tftp - trouble -\n"},
		{"size of 64 TiB less one", packet(us, "S/ramdisk.efi"), "size 70368744177663", "server 192.0.2.1 folder S/\ntitle - size 70368744177663 cd 0 http - tftp - trouble -\n"},
		{"nothing", packet(us, "S/ramdisk.efi"), "", "server 192.0.2.1 folder S/\ntitle - size 0 cd 0 http - tftp - trouble -\n"},
		{"too much", packet(us, "S/ramdisk.efi"), strings.Repeat("x", 5000), "server 192.0.2.1 folder S/\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := reads(t, program, test.packet, []byte(test.instructions)); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// Whatever a packet and instructions have, nothing else is read or written.
func FuzzReads(f *testing.F) {
	program := harness(f)
	f.Add(packet([4]byte{192, 0, 2, 1}, "S/ramdisk.efi"), []byte(told))
	f.Add(packet([4]byte{}, "", option(67, "S/ramdisk.efi")...), []byte("trouble"))
	f.Add(packet([4]byte{1}, strings.Repeat("/", 117)+"ramdisk.efi", bytes.Repeat([]byte{7, 255}, 600)...), []byte("size 99999999999999999999999999"))
	f.Add(packet6(option6(59, "tftp://[2001:db8::1]/S/ramdisk.efi")), []byte(told))
	f.Add(packet6(bytes.Repeat([]byte{0, 1, 255, 255}, 300), option6(59, "tftp://[::]/ramdisk.efi")), []byte(told))
	f.Fuzz(func(t *testing.T, packet, instructions []byte) {
		packet = append(packet, make([]byte, packetSize)...)[:packetSize]
		reads(t, program, packet, instructions)
		reads(t, program, packet, instructions, "DHCPv6")
	})
}
