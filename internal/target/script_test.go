package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/tree"
)

// reads is an upstream for tests, and what it said.
func reads(t *testing.T) (Upstream, func() []string) {
	t.Helper()
	cache, err := fetch.New(fetch.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cache.Close() })
	var mu sync.Mutex
	var said []string
	return Upstream{Disks: rawdisk.New(t.TempDir(), func(string) {}), Open: func(ctx context.Context, url string) (fs.File, error) {
			f, err := cache.Open(ctx, url)
			if err != nil {
				return nil, err
			}
			return f, nil
		}, Say: func(line string) {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, line)
		}}, func() []string {
			mu.Lock()
			defer mu.Unlock()
			return said
		}
}

// An iPXE script is read whole, from a file or a URL; what stands in it for
// files and the beacon is filled in, files being relative to the script.
func TestScriptsOfTheOperator(t *testing.T) {
	dir := t.TempDir()
	const script = "#!ipxe\nkernel vmlinuz cfg={{ ID \"sub/cfg\" }} up={{ UP }}\n# {{ other }}\nboot"
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "sub"), 0o755), os.WriteFile(filepath.Join(dir, "sub/cfg"), []byte("CFG"), 0o644),
		os.WriteFile(filepath.Join(dir, "boot.ipxe"), []byte(script), 0o644),
		os.WriteFile(filepath.Join(dir, "bad.ipxe"), []byte("#!ipxe\nkernel {{ ID \"nosuch\" }}"), 0o644),
		os.WriteFile(filepath.Join(dir, "long.ipxe"), []byte("#!ipxe\n"+strings.Repeat("#", tree.ScriptMost)), 0o644)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	up, _ := reads(t)
	for _, at := range []string{dir, server.URL} {
		l, err := Target{Kernel: at + "/boot.ipxe"}.Inspect(t.Context(), up)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Warnings) != 1 || !strings.Contains(l.Warnings[0], `"{{ other }}"`) {
			t.Errorf("warnings %q", l.Warnings)
		}
		urls := loader.URLs{File: func(f boot.File) string { return "<" + f.Source + ">" }, Beacon: "<up>"}
		want := strings.NewReplacer(`{{ ID "sub/cfg" }}`, "<"+at+"/sub/cfg>", "{{ UP }}", "<up>").Replace(script)
		if got := loader.IPXEScript(boot.Client{}, l.Payload, urls); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if _, err := (Target{Kernel: at + "/long.ipxe"}).Inspect(t.Context(), up); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") || advice.Of(err) == "" {
			t.Errorf("a long one: %v", err)
		}
		if _, err := (Target{Kernel: at + "/bad.ipxe"}).Inspect(t.Context(), up); err == nil || !strings.Contains(err.Error(), "nosuch") || advice.Of(err) == "" {
			t.Errorf("one that names what isn't there: %v", err)
		}
	}
}

// A name that Spur has itself is warned of: the script would get Spur's.
func TestShadowedNames(t *testing.T) {
	for script, want := range map[string]string{
		"kernel vmlinuz": "", "chain boot.ipxe": "boot.ipxe", "echo boot.ipxes": "",
	} {
		if got := shadowed(boot.File{Source: "/x/menu.ipxe"}, script); got != want {
			t.Errorf("%q: %q", script, got)
		}
	}
	if got := shadowed(boot.File{Source: "/x/boot.ipxe"}, "chain boot.ipxe"); got != "" {
		t.Errorf("itself: %q", got)
	}
}

// A URL that can't be had says what to do.
func TestURLsHaveAdvice(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &status); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	dead := httptest.NewServer(nil)
	dead.Close()
	up, _ := reads(t)
	for url, want := range map[string]string{
		server.URL + "/404": "check the path in the URL", server.URL + "/403": "presigned", server.URL + "/500": "that server's log",
		server.URL + "/204": "curl -v " + server.URL, dead.URL + "/k": "start the server", "http://nosuch.invalid/k": "check the host in the URL",
	} {
		for _, target := range []Target{{Kernel: url}} {
			_, err := target.Inspect(t.Context(), up)
			if err == nil || !strings.Contains(advice.Of(err), want) || !strings.Contains(err.Error(), strings.TrimPrefix(url, "http://")) {
				t.Errorf("%s: %v; advice %q, want %q", url, err, advice.Of(err), want)
			}
		}
	}
}

// Who waits for a server at the start is told so.
func TestWaitingIsSaid(t *testing.T) {
	held := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { <-held }))
	defer server.Close()
	up, said := reads(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := Target{Kernel: server.URL + "/vmlinuz"}.Inspect(ctx, up)
		done <- err
	}()
	want := "Waiting for vmlinuz from " + strings.TrimPrefix(server.URL, "http://") + "."
	eventually(t, func() bool { lines := said(); return len(lines) == 1 && lines[0] == want })
	cancel()
	if err := <-done; err == nil {
		t.Error("no error")
	}
	close(held)
}

// eventually waits until something holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it doesn't come")
		}
	}
}
