package diskimage_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/httpblock"
)

// An image of any format is opened, with the file that it lies over, and read.
func Example() {
	ctx := context.Background()
	name, remove := makeOverlay()
	defer remove()

	disk, err := diskimage.OpenFile(ctx, name, diskimage.Options{ReadOnly: true})
	if err != nil {
		log.Fatal(err)
	}
	defer disk.Close()
	p := make([]byte, 5)
	err = disk.Read(ctx, p, 0)
	fmt.Println(disk.Format, disk.Size(), string(p), err)
	// Output: qcow2 1048576 hello <nil>
}

// An image is served as a disk over HTTP. Packages nbd, iscsi and aoe serve it in
// the same way.
func Example_serve() {
	name, remove := makeOverlay()
	defer remove()

	disk, err := diskimage.OpenFile(context.Background(), name, diskimage.Options{ReadOnly: true})
	if err != nil {
		log.Fatal(err)
	}
	defer disk.Close()
	server := httptest.NewServer(httpblock.Handler(disk, httpblock.HandlerOptions{}))
	defer server.Close()

	answer, err := http.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	fmt.Println(len(content), string(content[:5]), err)
	// Output: 1048576 hello <nil>
}

// makeOverlay has QEMU make an overlay over a raw disk that begins with "hello".
func makeOverlay() (name string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	content := make([]byte, 1<<20)
	copy(content, "hello")
	if err := os.WriteFile(filepath.Join(dir, "base.img"), content, 0o600); err != nil {
		log.Fatal(err)
	}
	name = filepath.Join(dir, "disk.qcow2")
	if err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.img", "-F", "raw", name).Run(); err != nil {
		log.Fatal(err)
	}
	return name, func() { os.RemoveAll(dir) }
}
