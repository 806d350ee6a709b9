package replay_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/onlooker"
	"github.com/spurboot/spur/internal/recorder/recordertest"
	"github.com/spurboot/spur/internal/replay"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/target"
)

// replayed plays a record for an iPXE script, with the loaders of this host; that of a
// Raspberry Pi for a kernel, with firmware.
func replayed(t *testing.T, path string) (string, error) {
	t.Helper()
	if strings.HasPrefix(filepath.Base(path), "raspberry-pi") {
		kernel, err := lab.KernelFor(boot.ARM64)
		if err != nil {
			t.Fatal(err)
		}
		firmware, err := lab.Unpacked("raspi-firmware/bookworm", "usr/lib/raspi-firmware/start4.elf")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := errors.Join(os.Symlink(kernel, filepath.Join(dir, "vmlinuz")), os.WriteFile(filepath.Join(dir, "bcm2711-rpi-4-b.dtb"), []byte("a device tree"), 0o644)); err != nil {
			t.Fatal(err)
		}
		return play(t, daemon.Config{Loaders: []string{filepath.Dir(firmware)}}, target.Target{Kernel: filepath.Join(dir, "vmlinuz")}, path)
	}
	script := filepath.Join(t.TempDir(), "boot.ipxe")
	if err := os.WriteFile(script, []byte("#!ipxe\nshell\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return replayedFor(t, target.Target{Kernel: script}, "", path)
}

// replayedFor plays a record for a target, with addresses by whom the record says or
// otherwise by mode.
func replayedFor(t *testing.T, target target.Target, mode daemon.DHCPMode, path string) (string, error) {
	t.Helper()
	return play(t, daemon.Config{DHCP: mode}, target, path)
}

func play(t *testing.T, c daemon.Config, target target.Target, path string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c.HTTPPort, c.TFTPPort, c.Out = 80, 69, &out
	err := daemon.Replay(t.Context(), c, target, path, boot.MAC{})
	return out.String(), err
}

// A file that a loader asked for in vain and that is there today is what the boot failed
// on: a folder's, and one beside a flat program.
func TestReplayOfMissingFile(t *testing.T) {
	const failed = "testdata/recorded/bios-without-core.jsonl"
	dir := t.TempDir()
	program, core := filepath.Join(dir, "pxelinux.0"), filepath.Join(dir, "ldlinux.c32")
	if err := os.WriteFile(program, append([]byte{0xfa, 0x31, 0xc0, 0x8e, 0xd8}, make([]byte, 600)...), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := replayedFor(t, target.Target{Kernel: program, As: "nbp"}, "", failed)
	if !errors.Is(err, replay.ErrWouldFail) {
		t.Errorf("without the file: %v\n%s", err, out)
	}
	out, err = replayedFor(t, target.Target{Kernel: dir, As: "nbp"}, "", failed)
	if !errors.Is(err, replay.ErrWouldFail) {
		t.Errorf("a folder without the file: %v\n%s", err, out)
	}
	if err := os.WriteFile(core, []byte("its core"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, target := range []target.Target{{Kernel: program, As: "nbp", Initrds: []string{core}}, {Kernel: dir, As: "nbp"}} {
		out, err := replayedFor(t, target, "", failed)
		if err != nil || !strings.Contains(out, "ldlinux.c32 could not be had then, and can be today") || !strings.Contains(out, "What it failed on is gone") {
			t.Errorf("with the file: %v\n%s", err, out)
		}
	}
}

// A file that is there today is not what a boot failed on that asked for another one in
// vain after it.
func TestReplayOfOtherMissingFile(t *testing.T) {
	b, err := os.ReadFile("testdata/recorded/bios-without-core.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	failed := filepath.Join(dir, "failed.jsonl")
	text := strings.ReplaceAll(string(b), `"cause":"loader-silent"`, `"cause":"file-missing"`)
	text = strings.Replace(text, `"file":"ldlinux.c32"`, `"file":"boot.msg"`, 1)
	program, message := filepath.Join(dir, "pxelinux.0"), filepath.Join(dir, "boot.msg")
	if err := errors.Join(
		os.WriteFile(failed, []byte(text), 0o644), os.WriteFile(message, []byte("hello"), 0o644),
		os.WriteFile(program, append([]byte{0xfa, 0x31, 0xc0, 0x8e, 0xd8}, make([]byte, 600)...), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	out, err := replayedFor(t, target.Target{Kernel: program, As: "nbp", Initrds: []string{message}}, "", failed)
	if !errors.Is(err, replay.ErrWouldFail) || !strings.Contains(out, "boot.msg could not be had then") {
		t.Errorf("%v\n%s", err, out)
	}
}

// Beside nobody's DHCP server an answer alone brings no machine to its boot; addresses of
// Spur's do, also for a record that was made without.
func TestReplayWithoutDHCPServer(t *testing.T) {
	script := filepath.Join(t.TempDir(), "boot.ipxe")
	if err := os.WriteFile(script, []byte("#!ipxe\nshell\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const nobody = "../explain/testdata/captures/bios-nobody-answers.pcap"
	out, err := replayedFor(t, target.Target{Kernel: script}, "", nobody)
	if !errors.Is(err, replay.ErrWouldFail) || !strings.Contains(err.Error(), "it is answered, but nobody gives it an address (no-dhcp-server)") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, file := range []string{nobody, "testdata/recorded/bios-no-dhcp-server.jsonl"} {
		if out, err := replayedFor(t, target.Target{Kernel: script}, daemon.OwnDHCP, file); err != nil || !strings.Contains(out, ", yiaddr ") {
			t.Errorf("%s with addresses: %v\n%s", file, err, out)
		}
	}
}

// Without a DHCP server a boot fails today as it did.
func TestReplayFailsAgain(t *testing.T) {
	r := recordertest.New(t)
	r.Asks()
	r.Fails()
	out, err := replayed(t, r.Files()[0])
	if !errors.Is(err, replay.ErrWouldFail) || !strings.Contains(err.Error(), "it is answered as it was, and would fail again (no-dhcp-server)") {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Count(out, "DISCOVER: answered as it was, by OFFER") < 3 {
		t.Errorf("got\n%s", out)
	}
}

// A machine that is answered otherwise today may boot.
func TestReplayDiffers(t *testing.T) {
	r := recordertest.New(t)
	r.Offers.Decider.Host.Loaders = nil // so that the firmware was given all in one
	r.Offers.Decider.Host.Loaders = append(r.Offers.Decider.Host.Loaders, route.Binary{Build: route.FindLoader(boot.Stub).Builds[0]})
	for _, b := range route.FindLoader(boot.Stub).Builds {
		r.Offers.Decider.Host.Loaders = append(r.Offers.Decider.Host.Loaders, route.Binary{Build: b})
	}
	r.Offers.Decider.Resolver = resolver.Static{Payload: boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/boot/x.efi"}, Arch: boot.X64}}}
	r.Asks()
	r.Fails()
	out, err := replayed(t, r.Files()[0])
	if err != nil || !strings.Contains(out, "answered otherwise today") || !strings.Contains(out, "it may boot now") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A capture of somebody else's boot is played too.
func TestReplayOfCapture(t *testing.T) {
	out, err := replayed(t, "../pxe/testdata/captures/edk2-x64-pxe-proxy.pcap")
	if err != nil || !strings.Contains(out, `REQUEST to port 4011: answered today, by ACK`) || !strings.Contains(out, `…/snponly.efi`) {
		t.Errorf("%v\n%s", err, out)
	}
}

// A machine's second boot is played with what its first one has taught.
func TestReplayOfSecondBoot(t *testing.T) {
	r := recordertest.New(t)
	r.Asks()
	r.Fails()
	r.Kept.Events.JudgeAll() // the timeline gives the verdict as well, which blames the shape of the offer
	r.Now = r.Now.Add(5 * time.Minute)
	r.Asks()
	r.Fails()
	files := r.Files()
	if len(files) != 2 {
		t.Fatalf("kept: %q", files)
	}
	got, err := onlooker.ReadRecord(files[1], boot.MAC{})
	if err != nil || len(got.Head.Refused) == 0 {
		t.Fatalf("nothing was known of the machine: %+v, %v", got.Head, err)
	}
	out, err := replayed(t, files[1])
	if !errors.Is(err, replay.ErrWouldFail) || strings.Contains(out, "answered otherwise") {
		t.Errorf("%v\n%s", err, out)
	}
}
