package httpblock_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/httpblock"
)

func TestHandler(t *testing.T) {
	image := content(600001)
	server := serve(t, httpblock.Handler(memory(t, image), httpblock.HandlerOptions{
		ETag: `"7"`,
	}))
	tests := map[string]struct {
		method string
		header []string
		status int
		body   string
		check  []string
	}{
		"whole":       {"GET", nil, 200, string(image), []string{"Accept-Ranges", "bytes", "ETag", `"7"`}},
		"head":        {"HEAD", nil, 200, "", []string{"Content-Length", "600001"}},
		"range":       {"GET", []string{"Range", "bytes=262100-262199"}, 206, string(image[262100:262200]), []string{"Content-Range", "bytes 262100-262199/600001"}},
		"end":         {"GET", []string{"Range", "bytes=-5"}, 206, string(image[599996:]), nil},
		"unit":        {"GET", []string{"Range", "lines=1-2"}, 200, string(image), nil},
		"capitals":    {"GET", []string{"Range", "Bytes=0-1"}, 206, string(image[:2]), nil},
		"nothing":     {"GET", []string{"Range", "bytes=-0"}, 416, "*", []string{"Content-Range", "bytes */600001"}},
		"beyond":      {"GET", []string{"Range", "bytes=600001-"}, 416, "*", []string{"Content-Range", "bytes */600001"}},
		"other etag":  {"GET", []string{"If-Match", `"8"`}, 412, "", nil},
		"if-range":    {"GET", []string{"Range", "bytes=1-2", "If-Range", `"8"`}, 200, string(image), nil},
		"known":       {"GET", []string{"If-None-Match", `"7"`}, 304, "", nil},
		"post":        {"POST", nil, 405, "*", []string{"Allow", "GET, HEAD"}},
		"put":         {"PUT", nil, 405, "*", nil},
		"many ranges": {"GET", []string{"Range", "bytes=" + strings.Repeat("0-0,", 5000) + "1-1"}, 200, string(image), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, server.URL, nil)
			must(t, err)
			for i := 0; i < len(test.header); i += 2 {
				request.Header.Set(test.header[i], test.header[i+1])
			}
			response, err := server.Client().Do(request)
			must(t, err)
			body, err := io.ReadAll(response.Body)
			must(t, err)
			if response.StatusCode != test.status || test.body != "*" && string(body) != test.body {
				t.Errorf("%s with %d bytes", response.Status, len(body))
			}
			for i := 0; i < len(test.check); i += 2 {
				if got := response.Header.Get(test.check[i]); got != test.check[i+1] {
					t.Errorf("%s: %s", test.check[i], got)
				}
			}
		})
	}
}

func TestHandlerOfFailingDevice(t *testing.T) {
	errs := make(chan error, 1)
	d := blocktest.NewFaulty(memory(t, content(1<<20)), blocktest.Fault{Op: blocktest.ReadOp, Nth: 3, Err: block.ErrGone})
	server := serve(t, httpblock.Handler(d, httpblock.HandlerOptions{Served: func(_ *http.Request, _ int64, err error) { errs <- err }}))
	response, err := server.Client().Get(server.URL)
	must(t, err)
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("%d bytes, and nothing that says that they are not all", len(body))
	}
	if err := <-errs; err == nil {
		t.Error("the hook isn't told")
	}
}

// counting counts what is read.
type counting struct {
	block.Device
	bytes atomic.Int64
}

func (c *counting) Read(ctx context.Context, p []byte, off int64) error {
	c.bytes.Add(int64(len(p)))
	return c.Device.Read(ctx, p, off)
}

func TestHandlerReadsNoMoreThanIsAsked(t *testing.T) {
	d := &counting{Device: memory(t, content(4<<20))}
	server := serve(t, httpblock.Handler(d, httpblock.HandlerOptions{}))
	for span, most := range map[string]int64{"0-511": 512, "1000000-1000000": 1, "5-100004": 200000, "0-": 4 << 20} {
		d.bytes.Store(0)
		request, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		must(t, err)
		request.Header.Set("Range", "bytes="+span)
		response, err := server.Client().Do(request)
		must(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		must(t, err)
		if n := d.bytes.Load(); n > most {
			t.Errorf("bytes %s: %d are read of the device", span, n)
		}
	}
}

// TestQEMU has QEMU's HTTP driver read a device that is served here.
func TestQEMU(t *testing.T) {
	if _, err := os.Stat("/usr/lib/x86_64-linux-gnu/qemu/block-curl.so"); err != nil {
		t.Fatalf("install qemu-utils and qemu-block-extra: %v", err)
	}
	image := content(1 << 20)
	server := serve(t, httpblock.Handler(memory(t, image), httpblock.HandlerOptions{ETag: `"7"`}))
	name := filepath.Join(t.TempDir(), "copy.img")
	out, err := exec.Command("qemu-img", "convert", "-f", "raw", "-O", "raw", server.URL+"/disk.img", name).CombinedOutput()
	if err != nil {
		t.Fatalf("qemu-img (packages qemu-utils, qemu-block-extra): %v: %s", err, out)
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, image) {
		t.Errorf("QEMU read %d other bytes, %v", len(got), err)
	}
}
