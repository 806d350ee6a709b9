package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
)

type resolverFunc func(boot.Client) (boot.Payload, error)

func (f resolverFunc) Resolve(_ context.Context, c boot.Client) (boot.Payload, error) { return f(c) }

var (
	server = netip.MustParseAddr("10.0.0.1")
	ipxe   = boot.Client{
		MAC: boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}, UUID: boot.UUID{1, 2, 3}, Server: server,
		Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.IPXE, Features: boot.UsualIPXE,
	}
	rom = boot.Client{
		MAC: ipxe.MAC, UUID: ipxe.UUID, Server: server, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM,
	}
	ipxeHTTP = route.Configured(boot.IPXE, route.HTTP)
	overHTTP = Asker{Via: route.HTTP, Server: server}
	overTFTP = Asker{Via: route.TFTP, Server: server}
)

// newTree is a tree over a folder with a kernel, an initrd and a loader.
func newTree(t *testing.T) (*Tree, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"vm linuz": "KERNEL", "initrd": "INITRD", "secret": "SECRET", "snponly.efi": "LOADER"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	linux := boot.Linux{
		Kernel:  boot.File{Source: filepath.Join(dir, "vm linuz")},
		Initrds: []boot.File{{Source: filepath.Join(dir, "initrd")}, {Source: "http://up/extra.gz?v=1"}},
	}
	named := NamedFiles(linux.Files())
	named[filepath.Join(dir, "gone")], named[filepath.Join(dir, "pipe")] = true, true
	linux.Cmdline.Text("up=")
	linux.Cmdline.Beacon()
	payload := boot.Payload{Content: linux}
	return &Tree{
		Names:    Names{Key: seal.NewKey()},
		Host:     route.Host{Loaders: route.Binaries{{Build: route.Build{File: "snponly.efi", Firmware: boot.UEFI, Arch: boot.X64}, Path: filepath.Join(dir, "snponly.efi")}}},
		Resolver: resolverFunc(func(boot.Client) (boot.Payload, error) { return payload, nil }),
		Sources: Sources{
			Upstream: func(_ context.Context, url string) (fs.File, error) { return newGenerated("up", "FROM "+url), nil },
			Local:    named,
		},
		HTTPPort: 80, TFTPPort: 69, AskAtRoot: true,
	}, dir
}

func read(t *testing.T, tr *Tree, path string, a Asker) string {
	t.Helper()
	f, err := tr.Open(t.Context(), path, a)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBootOverHTTP(t *testing.T) {
	tr, _ := newTree(t)
	ladder := route.Routes(ipxe, boot.Payload{Content: boot.Linux{}}, tr.Host)
	location := tr.Location(ipxe, ladder.Routes[0])
	script := read(t, tr, strings.TrimPrefix(location, "http://10.0.0.1"), overHTTP)

	var got []string
	for _, at := range regexp.MustCompile(`http://10\.0\.0\.1(/\S+)`).FindAllStringSubmatch(script, -1) {
		path, err := url.PathUnescape(strings.TrimSuffix(at[1], "?memory=${memory}"))
		if err != nil {
			t.Fatal(err)
		}
		e, ok := tr.Describe(path, netip.Addr{})
		if !ok || e.Client.MAC != ipxe.MAC {
			t.Errorf("%s is described as %+v, %v", path, e, ok)
		}
		got = append(got, fmt.Sprintf("%s %s %v %s", e.Role, e.Name, e.Last, read(t, tr, path, overHTTP)))
	}
	want := []string{
		"kernel vm linuz false KERNEL", "beacon up false Spur has seen that 52:54:00:aa:bb:01 is up.\n",
		"initrd initrd false INITRD", "initrd extra.gz true FROM http://up/extra.gz?v=1",
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q\nwant %q\nscript:\n%s", got, want, script)
	}
}

func TestSameBytesForSameClient(t *testing.T) {
	tr, _ := newTree(t)
	path := tr.Path(ipxe, ipxeHTTP)
	if a, b := read(t, tr, path, overHTTP), read(t, tr, path, overHTTP); a != b {
		t.Errorf("two requests, two scripts:\n%s\n%s", a, b)
	}
}

func TestLoaderPathFitsBOOTP(t *testing.T) {
	tr, _ := newTree(t)
	for _, e := range route.Entries() {
		fits(t, tr.Path(ipxe, route.Route{Name: e.Name, Give: "a-loader-of-thirty-two-letters.efi"}))
	}
}

// fits checks that a path has room in BOOTP's file field, ended by a NUL.
func fits(t *testing.T, path string) {
	t.Helper()
	if len(path) > 127 {
		t.Errorf("%d bytes: %s", len(path), path)
	}
}

func TestScriptFollowsTheProtocol(t *testing.T) {
	tr, _ := newTree(t)
	script := read(t, tr, tr.Path(ipxe, ipxeHTTP), overTFTP)
	if !strings.Contains(script, "kernel --name kernel tftp://10.0.0.1/") || !strings.Contains(script, "up=http://10.0.0.1/") {
		t.Errorf("kernel must come over TFTP and the beacon go over HTTP:\n%s", script)
	}
	tr.HTTPPort, tr.TFTPPort = 8080, 6969
	script = read(t, tr, tr.Path(ipxe, ipxeHTTP), overTFTP)
	if !strings.Contains(script, "tftp://10.0.0.1:6969/") || !strings.Contains(script, "http://10.0.0.1:8080/") {
		t.Errorf("ports are missing:\n%s", script)
	}
}

func TestRoot(t *testing.T) {
	tr, _ := newTree(t)
	if got := read(t, tr, "/snponly.efi", overTFTP); got != "LOADER" {
		t.Errorf("got %q", got)
	}
	if got := read(t, tr, `\snponly.efi`, overTFTP); got != "LOADER" {
		t.Errorf("with a backslash, got %q", got)
	}
	ask := read(t, tr, "boot.ipxe", overTFTP)
	if !strings.Contains(ask, "http://10.0.0.1/boot.ipxe?mac=${netX/mac}") {
		t.Errorf("got %s", ask)
	}
	told := overHTTP
	told.Query = url.Values{"mac": {"52-54-00-aa-bb-02"}, "platform": {"efi"}, "arch": {"x86_64"}, "uuid": {"01020304-0506-0708-090a-0b0c0d0e0f10"}}
	script := read(t, tr, "boot.ipxe", told)
	if !strings.Contains(script, "52:54:00:aa:bb:02") || !strings.Contains(script, "kernel") {
		t.Errorf("got %s", script)
	}
}

// Where our own offers name every file, nobody gets a script or a loader for
// the asking.
func TestNothingForStrangers(t *testing.T) {
	tr, _ := newTree(t)
	tr.AskAtRoot = false
	asked := overHTTP
	asked.Query = url.Values{"mac": {"52:54:00:aa:bb:02"}}
	for _, name := range []string{"/boot.ipxe", "/snponly.efi", `\snponly.efi`, "snponly.efi"} {
		for _, who := range []Asker{asked, overTFTP} {
			if _, err := tr.Open(t.Context(), name, who); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a stranger gets %s over %s: %v", name, who.Via, err)
			}
		}
	}
	if got := read(t, tr, tr.Path(rom, tr.snponly(t)), overTFTP); got != "LOADER" {
		t.Errorf("got %q under the name of an offer", got)
	}
}

// snponly is the route of a UEFI ROM to the loader of the tests' tree.
func (t *Tree) snponly(tb testing.TB) route.Route {
	tb.Helper()
	routes := route.Routes(rom, boot.Payload{Content: boot.Linux{}}, t.Host).Routes
	if len(routes) == 0 || routes[0].Give != "snponly.efi" {
		tb.Fatalf("routes %v", routes)
	}
	return routes[0]
}

// The name of a boot opens what its route declares, and nothing of another one.
func TestRoutesDoNotMix(t *testing.T) {
	tr, _ := newTree(t)
	loading, running := tr.Names.Boot(rom, tr.snponly(t)), tr.Names.Boot(ipxe, ipxeHTTP)
	for path, there := range map[string]bool{
		loading + "/snponly.efi": true, loading + "/boot.ipxe": false, loading + "/ipxe.efi": false,
		running + "/boot.ipxe": true, running + "/snponly.efi": false, loading + "/up": true, running + "/up": true,
	} {
		f, err := tr.Open(t.Context(), path, overHTTP)
		if got := err == nil; got != there {
			t.Errorf("%s: %v", path, err)
		}
		if f != nil {
			_ = f.Close()
		}
		if _, known := tr.Describe(path, netip.Addr{}); known != there {
			t.Errorf("%s is described: %v", path, known)
		}
	}
}

func TestTroubleIsAScript(t *testing.T) {
	tr, _ := newTree(t)
	tests := []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: it is not in --only", boot.ErrIgnore), "exit 1"},
		{errors.New("the disk is on fire"), "chain --replace"},
	}
	for _, tt := range tests {
		tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{}, tt.err })
		script := read(t, tr, tr.Path(ipxe, ipxeHTTP), overHTTP)
		if !strings.Contains(script, tt.err.Error()) || !strings.Contains(script, tt.want) {
			t.Errorf("%v: got %s", tt.err, script)
		}
	}
}

func TestRefuses(t *testing.T) {
	tr, dir := newTree(t)
	other := Names{Key: seal.NewKey()}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	file := func(n Names, source string) string {
		return n.File(ipxe.MAC, route.Kernel, boot.File{Source: source}, false) + "/" + filepath.Base(source)
	}
	tests := map[string]string{
		"forged boot":         other.Boot(ipxe, ipxeHTTP) + "/snponly.efi",
		"forged file":         file(other, filepath.Join(dir, "initrd")),
		"not to be served":    file(tr.Names, filepath.Join(dir, "secret")),
		"vanished":            file(tr.Names, filepath.Join(dir, "gone")),
		"below a file":        file(tr.Names, filepath.Join(dir, "initrd")) + "/x",
		"other name":          tr.Names.File(ipxe.MAC, route.Kernel, boot.File{Source: filepath.Join(dir, "initrd")}, false) + "/other",
		"unknown in a boot":   tr.Names.Boot(ipxe, ipxeHTTP) + "/etc/passwd",
		"climbing":            tr.Names.Boot(ipxe, ipxeHTTP) + "/../../etc/passwd",
		"a source at root":    dir + "/initrd",
		"a path at the root":  "/etc/passwd",
		"empty":               "",
		"beacon without boot": "/up",
	}
	for name, path := range tests {
		if _, err := tr.Open(t.Context(), path, overHTTP); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := tr.Open(t.Context(), file(tr.Names, pipe), overHTTP); err == nil {
		t.Error("a named pipe was opened")
	}
}

func TestNamesKeepTheClient(t *testing.T) {
	names := Names{Key: seal.NewKey()}
	want := ipxe
	want.Server = netip.Addr{} // the address is the one that will be asked
	want.Item = 0x8102
	for _, c := range []boot.Client{want, {MAC: want.MAC}} {
		got, err := names.Open(names.Boot(c, ipxeHTTP))
		if err != nil || got.Client != c || got.Route != ipxeHTTP {
			t.Errorf("got %+v, %v\nwant %+v", got, err, c)
		}
	}
}

func FuzzPath(f *testing.F) {
	names := Names{Key: seal.NewKey()}
	tr := &Tree{Names: names, Resolver: resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{}, boot.ErrIgnore })}
	f.Add("/" + names.Boot(ipxe, ipxeHTTP) + "/boot.ipxe")
	f.Add(`\\` + names.File(ipxe.MAC, route.Kernel, boot.File{Source: "/x"}, true) + `\x`)
	f.Add("/..//../etc/passwd")
	tr.Sources.Local = Named{}
	f.Fuzz(func(t *testing.T, path string) {
		_, described := tr.Describe(path, netip.Addr{})
		file, err := tr.Open(context.Background(), path, overHTTP)
		if err == nil {
			file.Close()
			if !described {
				t.Errorf("%q opens, but has no meaning", path)
			}
		}
	})
}

func FuzzOpenName(f *testing.F) {
	key := seal.NewKey()
	f.Add([]byte{bootVersion, 1, 1, 1, 1, 0, 1, 1, 2, 3, 4, 5, 6})
	f.Add([]byte{fileVersion, 9, 1, 2, 3, 4, 5, 6, '/'})
	f.Fuzz(func(t *testing.T, plain []byte) {
		if len(plain) > seal.MaxPlaintext {
			return // it is never sealed
		}
		_, _ = Names{Key: key}.Open(key.Seal(plain))
	})
}

// Where all machines have Secure Boot on, what isn't signed is at the root neither:
// firmware would refuse it.
func TestNothingUnsignedAtTheRoot(t *testing.T) {
	tr, dir := newTree(t)
	bios := route.Binary{Build: route.Build{File: "undionly.kpxe", Firmware: boot.BIOS, Arch: boot.X86}, Path: filepath.Join(dir, "snponly.efi")}
	tr.SecureBoot, tr.Loaders = route.SecureBootOn, append(tr.Loaders, bios)
	read(t, tr, "undionly.kpxe", overTFTP)
	if _, err := tr.Open(t.Context(), "snponly.efi", overTFTP); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "isn't signed") {
		t.Errorf("the unsigned loader: %v", err)
	}
	signed := tr.Loaders[0]
	signed.Identity.Signatures = []route.Signature{{Signer: "a"}}
	tr.Loaders = append(tr.Loaders, signed)
	read(t, tr, "snponly.efi", overTFTP)
	tr.Loaders, tr.Signs = tr.Loaders[:1], true
	read(t, tr, "snponly.efi", overTFTP)
}
