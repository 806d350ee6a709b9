package explain

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
	"github.com/spurboot/spur/internal/onlooker"
)

// What is said of captures of real firmware and of others' servers.
func TestCapture(t *testing.T) {
	own, err := filepath.Glob("testdata/captures/*.pcap")
	if err != nil || len(own) < 7 {
		t.Fatalf("%d captures, %v", len(own), err)
	}
	for _, file := range append(own,
		"../pxe/testdata/captures/edk2-x64-pxe-proxy.pcap", "../pxe/testdata/captures/edk2-x64-http.pcap", "../pxe/testdata/captures/undionly-kpxe-proxy.pcap",
		"../dhcp6/testdata/captures/edk2-x64-beside.pcap", "../dhcp6/testdata/captures/edk2-x64-relayed.pcap", "../dhcp6/testdata/captures/ipxe-2019-bios.pcap",
	) {
		var out bytes.Buffer
		if err := Capture(&out, file, CaptureQuestion{}); err != nil {
			t.Fatal(err)
		}
		golden.File(t, filepath.Join("testdata", "captures", strings.TrimSuffix(filepath.Base(file), ".pcap")+".txt"), out.String())
	}
}

// Field by field, and byte by byte.
func TestCapturePackets(t *testing.T) {
	var out bytes.Buffer
	if err := Capture(&out, "../pxe/testdata/captures/edk2-x64-pxe.pcap", CaptureQuestion{Packets: true, Bytes: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"55 parameter request list", "94 network interface", "00000000  01 01 06 00"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// What has no boot in it is an error with something to do.
func TestCaptureWithoutBoot(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("hello, this is text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"../pxe/testdata/captures/udhcpc.pcap": "has no machine that asks to boot",
		text:                                   "this is no capture of packets",
		t.TempDir():                            "is no file",
		filepath.Join(t.TempDir(), "none"):     "no such file",
	} {
		var out bytes.Buffer
		if err := Capture(&out, file, CaptureQuestion{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// One machine of a capture, or none that is called so.
func TestCaptureOnly(t *testing.T) {
	const file = "../pxe/testdata/captures/edk2-x64-pxe.pcap"
	var out bytes.Buffer
	if err := Capture(&out, file, CaptureQuestion{Only: boot.MAC{2, 0, 0, 0, 0, 1}}); err == nil || !strings.Contains(err.Error(), "has no boot of 02:00:00:00:00:01") {
		t.Errorf("got %v", err)
	}
	r, err := onlooker.ReadRecord(file, boot.MAC{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Capture(&out, file, CaptureQuestion{Only: r.Head.MAC}); err != nil {
		t.Error(err)
	}
}

// A record is explained as a capture is.
func TestExplainRecord(t *testing.T) {
	var out bytes.Buffer
	if err := Capture(&out, "../replay/testdata/recorded/uefi-x64-without-ipxe.jsonl", CaptureQuestion{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Spur → the machine  OFFER", "no-dhcp-server: the machine was offered boot.efi"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
