package tree

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/tftp"
)

// benchSize is that of a file in benchmarks.
const benchSize = 256 << 20

// benchFiles are a file as it is and in an image.
func benchFiles(b *testing.B) (plain, inImage boot.File) {
	b.Helper()
	content := strings.Repeat("0123456789abcde\n", benchSize/16)
	image := discImage(b, map[string]string{"initrd": content})
	path := filepath.Join(b.TempDir(), "initrd")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		b.Fatal(err)
	}
	return boot.File{Source: path}, boot.File{Source: image, Inside: "initrd"}
}

// BenchmarkInside sends a file over HTTP by turns: as it is, and out of an image.
func BenchmarkInside(b *testing.B) {
	plain, inImage := benchFiles(b)
	sources := Sources{Local: NamedFiles([]boot.File{plain, inImage}), Images: NewImages()}
	server := &httpd.Server{Handler: &httpd.Handler{Open: func(ctx context.Context, _ *http.Request, name string) (fs.File, error) {
		if name == "plain" {
			return sources.Open(ctx, plain)
		}
		return sources.Open(ctx, inImage)
	}}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go func() { _ = server.Serve(ctx, ln) }()
	for _, name := range []string{"plain", "image", "plain", "image", "plain", "image"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(benchSize)
			for b.Loop() {
				resp, err := http.Get("http://" + ln.Addr().String() + "/" + name)
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				if n != benchSize || err != nil {
					b.Fatal(n, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}

// BenchmarkInsideTFTP is the same over TFTP, with windows as iPXE has them.
func BenchmarkInsideTFTP(b *testing.B) {
	plain, inImage := benchFiles(b)
	sources := Sources{Local: NamedFiles([]boot.File{plain, inImage}), Images: NewImages()}
	server := &tftp.Server{Read: func(ctx context.Context, r *tftp.Request) (tftp.File, error) {
		if r.Filename == "plain" {
			return sources.Open(ctx, plain)
		}
		return sources.Open(ctx, inImage)
	}}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go func() { _ = server.Serve(ctx, conn) }()
	client := &tftp.Client{BlockSize: 1428, WindowSize: 16}
	for _, name := range []string{"plain", "image", "plain", "image"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(benchSize)
			for b.Loop() {
				if _, err := client.Get(ctx, conn.LocalAddr().String(), name, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
