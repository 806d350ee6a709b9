package tftp_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/tftp"
)

// tool finds another implementation. A test without its peer fails: run
// scripts/install test.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: install the Debian package %s", err, pkg)
	}
	return path
}

func runTool(t *testing.T, dir, path string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(path), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// dirSink stores uploads in a directory.
func dirSink(dir string) tftp.WriteFunc {
	return func(_ context.Context, r *tftp.Request) (tftp.Sink, error) {
		f, err := os.Create(filepath.Join(dir, filepath.Base(r.Filename)))
		return fileSink{f}, err
	}
}

type fileSink struct{ *os.File }

func (s fileSink) Abort(error) { s.Close(); os.Remove(s.Name()) }

func same(t *testing.T, name string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, %v; want %d bytes", filepath.Base(name), len(got), err, len(want))
	}
}

func TestAtftp(t *testing.T) {
	atftp := tool(t, "atftp", "atftp")
	const small, large = 300_000, 33<<20 + 5 // block numbers of the large one roll over at 512
	dir, got, put := folder(t, small, large), t.TempDir(), t.TempDir()
	for _, single := range []bool{false, true} {
		server := &tftp.Server{Read: tftp.FS(os.DirFS(dir)), Write: dirSink(put), SinglePort: single}
		host, port, _ := net.SplitHostPort(start(t, server))
		for _, c := range []struct {
			size    int
			options []string
		}{
			{small, nil},
			{small, []string{"blksize 1428"}},
			{small, []string{"blksize 65464"}},
			{small, []string{"blksize 8192", "windowsize 64"}},
			{small, []string{"blksize 1428", "windowsize 64", "tsize enable", "timeout 2"}},
			{large, []string{"windowsize 16"}},
			{large, []string{"blksize 1428", "windowsize 16"}},
		} {
			args := []string{"--get", "-r", fmt.Sprint(c.size), "-l", "out"}
			for _, o := range c.options {
				args = append(args, "--option", o)
			}
			runTool(t, got, atftp, append(args, host, port)...)
			same(t, filepath.Join(got, "out"), randomBytes(c.size))
			os.Remove(filepath.Join(got, "out"))
		}
		runTool(t, dir, atftp, "--put", "-l", fmt.Sprint(small), "-r", "up", "--option", "blksize 1428", "--option", "windowsize 8", host, port)
		same(t, filepath.Join(put, "up"), randomBytes(small))
	}
}

func TestTftpHPA(t *testing.T) {
	client := tool(t, "tftp", "tftp-hpa")
	text := strings.Repeat("line\nbare \r return\r\n", 1000)
	dir, got, put := folder(t, 100_000), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(start(t, &tftp.Server{Read: tftp.FS(os.DirFS(dir)), Write: dirSink(put)}))
	runTool(t, got, client, "-m", "binary", host, port, "-c", "get", "100000")
	same(t, filepath.Join(got, "100000"), randomBytes(100_000))
	runTool(t, got, client, "-m", "ascii", host, port, "-c", "get", "text")
	same(t, filepath.Join(got, "text"), []byte(text))
	runTool(t, dir, client, "-m", "binary", host, port, "-c", "put", "100000")
	same(t, filepath.Join(put, "100000"), randomBytes(100_000))
	runTool(t, dir, client, "-m", "ascii", host, port, "-c", "put", "text")
	same(t, filepath.Join(put, "text"), []byte(text))
}

func TestCurl(t *testing.T) {
	curl := tool(t, "curl", "curl")
	dir, got := folder(t, 1_000_000), t.TempDir()
	address := start(t, &tftp.Server{Read: tftp.FS(os.DirFS(dir))})
	for _, block := range []string{"512", "1468", "65464"} {
		runTool(t, got, curl, "--silent", "--show-error", "--tftp-blksize", block, "-o", "out", "tftp://"+address+"/1000000")
		same(t, filepath.Join(got, "out"), randomBytes(1_000_000))
	}
	runTool(t, got, curl, "--silent", "--show-error", "--tftp-no-options", "-o", "out", "tftp://"+address+"/1000000")
	same(t, filepath.Join(got, "out"), randomBytes(1_000_000))
}

// Real clients get a file where three of ten packets are lost in each direction.
// (TestLoss counts how many do, and how long it takes.)
func TestRealClientsThroughLoss(t *testing.T) {
	const size = 20 * 512
	address := start(t, &tftp.Server{Read: tftp.FS(os.DirFS(folder(t, size)))})
	for _, c := range []struct {
		name, pkg string
		args      func(address, host, port string) []string
	}{
		{"curl", "curl", func(address, _, _ string) []string {
			return []string{"-sS", "--max-time", "60", "-o", "out", fmt.Sprintf("tftp://%s/%d", address, size)}
		}},
		{"tftp", "tftp-hpa", func(_, host, port string) []string {
			return []string{"-m", "binary", host, port, "-c", "get", fmt.Sprint(size), "out"}
		}},
		{"busybox", "busybox-static", func(_, host, port string) []string {
			return []string{"tftp", "-g", "-b", "512", "-r", fmt.Sprint(size), "-l", "out", host, port}
		}},
	} {
		path, got := tool(t, c.name, c.pkg), t.TempDir()
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := startRelay(t, address, 0.3, 3).front.LocalAddr().String()
			host, port, _ := net.SplitHostPort(address)
			runTool(t, got, path, c.args(address, host, port)...)
			same(t, filepath.Join(got, "out"), randomBytes(size))
		})
	}
}

// Many clients of all kinds fetch a file at once; one of them vanishes.
func TestManyRealClients(t *testing.T) {
	atftp, curl := tool(t, "atftp", "atftp"), tool(t, "curl", "curl")
	const size = 1_300_000
	file, got := fmt.Sprint(size), t.TempDir()
	address := start(t, &tftp.Server{Read: tftp.FS(os.DirFS(folder(t, size)))})
	host, port, _ := net.SplitHostPort(address)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var clients []*exec.Cmd
	for i := range 6 {
		out := filepath.Join(got, fmt.Sprint(i))
		lockstep := []string{"--get", "-r", file, "-l"}
		windows := []string{"--get", "-r", file, "--option", "blksize 1428", "--option", "windowsize " + []string{"4", "16", "64"}[i%3], "-l"}
		clients = append(clients,
			exec.CommandContext(ctx, atftp, append(lockstep, out+"a", host, port)...),
			exec.CommandContext(ctx, atftp, append(windows, out+"b", host, port)...),
			exec.CommandContext(ctx, curl, "-sS", "--tftp-blksize", "1428", "-o", out+"c", "tftp://"+address+"/"+file),
			exec.CommandContext(ctx, curl, "-sS", "-o", out+"d", "tftp://"+address+"/"+file))
	}
	for _, c := range clients {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
	}
	_ = clients[0].Process.Kill()
	for i, c := range clients {
		if err := c.Wait(); i == 0 {
			continue
		} else if err != nil {
			t.Errorf("%q: %v", c.Args, err)
		}
		same(t, filepath.Join(got, fmt.Sprint(i/4)+string("abcd"[i%4])), randomBytes(size))
	}
}

// freePort returns a UDP port that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// Our client against tftpd-hpa.
func TestClientWithTftpdHPA(t *testing.T) {
	tftpd := tool(t, "/usr/sbin/in.tftpd", "tftpd-hpa")
	dir := folder(t, 0, 512, 1_000_000)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) { // it runs as nobody
		_ = os.Chmod(d, 0o777)
	}
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte("one\ntwo\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(freePort(t))
	cmd := exec.Command(tftpd, "-L", "-c", "--address", address, "-s", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	waitFor(t, address)
	for _, client := range []*tftp.Client{{}, {NoSize: true}, {BlockSize: 1428, WindowSize: 16}, {BlockSize: 65464, Interval: time.Second}} {
		for _, size := range []int{0, 512, 1_000_000} {
			var got bytes.Buffer
			stats, err := client.Get(t.Context(), address, fmt.Sprint(size), &got)
			if err != nil || !bytes.Equal(got.Bytes(), randomBytes(size)) || stats.WindowSize != 1 {
				t.Errorf("%+v: %d of %d bytes, %v", client, got.Len(), size, err)
			}
		}
		if _, err := client.Put(t.Context(), address, "up", bytes.NewReader(randomBytes(100_000))); err != nil {
			t.Error(err)
		}
		same(t, filepath.Join(dir, "up"), randomBytes(100_000))
	}
	if size, err := new(tftp.Client).Size(t.Context(), address, "1000000"); size != 1_000_000 || err != nil {
		t.Errorf("size %d, %v", size, err)
	}
	var got bytes.Buffer
	if _, err := (&tftp.Client{Mode: tftp.Netascii}).Get(t.Context(), address, "text", &got); err != nil || got.String() != "one\ntwo\n" {
		t.Errorf("netascii: %q, %v", got.String(), err)
	}
}

func waitFor(t *testing.T, address string) {
	t.Helper()
	probe := &tftp.Client{Timeout: 50 * time.Millisecond, Retries: 1}
	for range 100 {
		if _, err := probe.Size(t.Context(), address, "0"); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("no server came up at %s", address)
}
