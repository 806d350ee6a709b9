package daemon

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/recorder"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// recording is a Spur without sockets that keeps failed boots in a folder, and a
// UEFI machine before it.
type recording struct {
	*testing.T
	dir     string
	now     time.Time
	kept    *recorder.Recorder
	offers  *answer.Offers4
	trouble []error
	client  boot.Client
}

func newRecording(t *testing.T) *recording {
	t.Helper()
	r := &recording{T: t, dir: filepath.Join(t.TempDir(), "failed"), now: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)}
	folder, err := record.OpenFolder(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	r.kept = &recorder.Recorder{
		Folder: folder, Now: func() time.Time { return r.now }, Head: record.Head{Spur: "test", DHCP: string(ProxyDHCP)},
		Trouble: func(err error) { r.trouble = append(r.trouble, err) },
	}
	r.kept.Events = timeline.New(timeline.Config{Now: func() time.Time { return r.now }, Tap: r.kept.Event})
	q, err := ParseQuestion("uefi", "", "pxe", "rom", netip.MustParseAddr("10.9.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	r.client = q.Client
	var have route.Host
	for _, l := range route.Loaders() {
		for _, b := range l.Builds {
			have.Loaders = append(have.Loaders, route.Binary{Build: b})
		}
	}
	next := resolver.Static{Payload: boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}}}}
	d := decide.Decider{Resolver: next, Host: have, Failed: r.kept.Events.Failed, Shapes: r.kept.Events.Shapes, Lease: route.Theirs}
	o := answer.New(d, &tree.Tree{Names: tree.Names{Key: seal.NewKey()}, Host: have, HTTPPort: 80, TFTPPort: 69}, r.kept.Events, &decide.Clients{})
	o.Record, o.Trouble = r.kept, func(what string, _ boot.MAC, _ string, err error) { t.Error(what, err) }
	r.offers = &answer.Offers4{Offers: o, Timeless: true, Send: func(dhcp.Packet, *dhcpv4.DHCPv4) error { return nil }}
	return r
}

// asks has the machine ask, as it would by the listener.
func (r *recording) asks() {
	m := identify.Request(r.client)
	p := dhcp.Packet{
		Message: m, Raw: dhcp.Marshal(m), Port: dhcp.ServerPort, Interface: dhcp.Interface{Name: "eth0", Addrs: []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}},
		From: netip.MustParseAddrPort("0.0.0.0:68"), To: netip.MustParseAddr("255.255.255.255"), Server: r.client.Server, Time: r.now,
	}
	r.offers.Answer(r.Context(), p)
}

// fails lets time go by until there is a verdict, which the recorder is told.
func (r *recording) fails() {
	r.Helper()
	for range 60 {
		r.now = r.now.Add(time.Second)
		if r.now.Second()%4 == 0 {
			r.asks()
		}
		a := r.kept.Events.Attempts(r.client.MAC)
		last := a[len(a)-1]
		if v, ok := timeline.Judge(last, r.now); ok {
			r.kept.Observe(timeline.Update{Time: r.now, Attempt: last, Verdict: &v})
			return
		}
	}
	r.Fatal("no verdict")
}

func (r *recording) files() []string {
	r.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "*"))
	if err != nil {
		r.Fatal(err)
	}
	return files
}

// A boot that fails is kept with all its packets, what was answered, and why.
func TestFailedBootIsKept(t *testing.T) {
	r := newRecording(t)
	r.asks()
	r.kept.Events.Observe(timeline.Event{Kind: timeline.FetchFailed, MAC: r.client.MAC, Role: timeline.RoleFile, Name: "font.pf2", Err: "not there", Time: r.now})
	r.now = r.now.Add(2 * time.Minute)
	r.asks()
	if len(r.files()) != 0 {
		t.Fatal("a boot is kept that has not failed")
	}
	r.fails()
	files := r.files()
	if len(files) != 1 || filepath.Base(files[0]) != "20260401-120200-52-54-00-12-34-56.jsonl" {
		t.Fatalf("kept: %q", files)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	got, err := ReadRecord(files[0], boot.MAC{})
	if err != nil {
		t.Fatal(err)
	}
	requests, replies := 0, 0
	for _, e := range got.Entries {
		switch {
		case e.Packet == nil:
		case e.Packet.Way == record.Request:
			requests++
			if !strings.HasPrefix(e.Packet.Says, "DISCOVER") || e.Packet.Server != r.client.Server {
				t.Errorf("got %+v", e.Packet)
			}
		case e.Packet.Way == record.Reply:
			replies++
			if e.Packet.Route != "uefi-x64-snponly" || !strings.HasPrefix(e.Packet.Says, "OFFER") {
				t.Errorf("got %+v", e.Packet)
			}
		}
	}
	if v := got.Verdict(); requests < 3 || replies != requests || v == nil || v.Cause != string(timeline.NoDHCPServer) {
		t.Errorf("%d requests, %d replies, %+v", requests, replies, v)
	}
	if got.Head.MAC != r.client.MAC || got.Head.Interface != "eth0" || got.Head.Spur != "test" || got.Head.DHCP != "proxy" {
		t.Errorf("got %+v", got.Head)
	}
}

// A boot that goes on to its system after all has not failed.
func TestLateBootIsDropped(t *testing.T) {
	r := newRecording(t)
	r.asks()
	r.fails()
	a := r.kept.Events.Attempts(r.client.MAC)
	r.kept.Observe(timeline.Update{Time: r.now, Attempt: a[0], Learned: &timeline.Learned{}})
	if files := r.files(); len(files) != 0 {
		t.Errorf("kept: %q", files)
	}
}

// That a boot can't be kept is said once, and harms nothing.
func TestRecordTrouble(t *testing.T) {
	r := newRecording(t)
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	r.asks()
	r.fails()
	r.fails()
	if len(r.trouble) != 1 || !errors.Is(r.trouble[0], os.ErrNotExist) {
		t.Errorf("told: %v", r.trouble)
	}
}

// Where failed boots are kept.
func TestRecordDir(t *testing.T) {
	for want, c := range map[string]Config{
		"":                     {},
		"/var/lib/spur/failed": {Data: "/var/lib/spur"},
		"/x":                   {Data: "/var/lib/spur", Record: "/x"},
	} {
		if got := c.recordDir(); got != want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for _, c := range []Config{{Data: "/var/lib/spur", Record: WithoutRecord}, {Data: "/var/lib/spur", DryRun: true}} {
		if got := c.recordDir(); got != "" {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// A recorder that isn't there keeps nothing.
func TestWithoutRecorder(t *testing.T) {
	var none *recorder.Recorder
	none.Request(boot.Client{}, dhcp.Packet{}, false)
	none.Reply(boot.Client{}, dhcp.Packet{}, nil, decide.Decision{})
	none.Heard(dhcp.Overheard{})
}

// replayed plays a record for an iPXE script, with the loaders of this host.
func replayed(t *testing.T, path string) (string, error) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "boot.ipxe")
	if err := os.WriteFile(script, []byte("#!ipxe\nshell\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return replayedFor(t, Target{Kernel: script}, "", path)
}

// replayedFor plays a record for a target, with addresses by whom the record says or
// otherwise by mode.
func replayedFor(t *testing.T, target Target, mode DHCPMode, path string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Replay(t.Context(), Config{DHCP: mode, HTTPPort: 80, TFTPPort: 69, Out: &out}, target, path, boot.MAC{})
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
	out, err := replayedFor(t, Target{Kernel: program, As: "nbp"}, "", failed)
	if !errors.Is(err, ErrWouldFail) {
		t.Errorf("without the file: %v\n%s", err, out)
	}
	out, err = replayedFor(t, Target{Kernel: dir, As: "nbp"}, "", failed)
	if !errors.Is(err, ErrWouldFail) {
		t.Errorf("a folder without the file: %v\n%s", err, out)
	}
	if err := os.WriteFile(core, []byte("its core"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, target := range []Target{{Kernel: program, As: "nbp", Initrds: []string{core}}, {Kernel: dir, As: "nbp"}} {
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
	out, err := replayedFor(t, Target{Kernel: program, As: "nbp", Initrds: []string{message}}, "", failed)
	if !errors.Is(err, ErrWouldFail) || !strings.Contains(out, "boot.msg could not be had then") {
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
	const nobody = "testdata/captures/bios-nobody-answers.pcap"
	out, err := replayedFor(t, Target{Kernel: script}, "", nobody)
	if !errors.Is(err, ErrWouldFail) || !strings.Contains(err.Error(), "it is answered, but nobody gives it an address (no-dhcp-server)") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, file := range []string{nobody, "testdata/recorded/bios-no-dhcp-server.jsonl"} {
		if out, err := replayedFor(t, Target{Kernel: script}, OwnDHCP, file); err != nil || !strings.Contains(out, ", yiaddr ") {
			t.Errorf("%s with addresses: %v\n%s", file, err, out)
		}
	}
}

// Without a DHCP server a boot fails today as it did.
func TestReplayFailsAgain(t *testing.T) {
	r := newRecording(t)
	r.asks()
	r.fails()
	out, err := replayed(t, r.files()[0])
	if !errors.Is(err, ErrWouldFail) || !strings.Contains(err.Error(), "it is answered as it was, and would fail again (no-dhcp-server)") {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Count(out, "DISCOVER: answered as it was, by OFFER") < 3 {
		t.Errorf("got\n%s", out)
	}
}

// A machine that is answered otherwise today may boot.
func TestReplayDiffers(t *testing.T) {
	r := newRecording(t)
	r.offers.Decider.Host.Loaders = nil // so that the firmware was given all in one
	r.offers.Decider.Host.Loaders = append(r.offers.Decider.Host.Loaders, route.Binary{Build: route.FindLoader(boot.Stub).Builds[0]})
	for _, b := range route.FindLoader(boot.Stub).Builds {
		r.offers.Decider.Host.Loaders = append(r.offers.Decider.Host.Loaders, route.Binary{Build: b})
	}
	r.offers.Decider.Resolver = resolver.Static{Payload: boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/boot/x.efi"}, Arch: boot.X64}}}
	r.asks()
	r.fails()
	out, err := replayed(t, r.files()[0])
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
	r := newRecording(t)
	r.asks()
	r.fails()
	r.kept.Events.JudgeAll() // the timeline gives the verdict as well, which blames the shape of the offer
	r.now = r.now.Add(5 * time.Minute)
	r.asks()
	r.fails()
	files := r.files()
	if len(files) != 2 {
		t.Fatalf("kept: %q", files)
	}
	got, err := ReadRecord(files[1], boot.MAC{})
	if err != nil || len(got.Head.Refused) == 0 {
		t.Fatalf("nothing was known of the machine: %+v, %v", got.Head, err)
	}
	out, err := replayed(t, files[1])
	if !errors.Is(err, ErrWouldFail) || strings.Contains(out, "answered otherwise") {
		t.Errorf("%v\n%s", err, out)
	}
}
