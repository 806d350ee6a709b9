package nfs

import (
	"context"
	"io/fs"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spurboot/spur/internal/seal"
)

// exported is one export, under one path.
type exported struct {
	path string
	*Export
}

func (x exported) ByPath(path string) (*Export, string, error) {
	folder, ok := strings.CutPrefix(path, x.path)
	if !ok || folder != "" && folder[0] != '/' {
		return nil, "", fs.ErrNotExist
	}
	return x.Export, folder, nil
}

func (x exported) ByID(id ExportID) (*Export, error) {
	if id != x.ID {
		return nil, fs.ErrNotExist
	}
	return x.Export, nil
}

// testKey is the same for servers that stand for one after a restart.
var testKey = seal.NewKey()

const testPath = "/8YQz/medium"

// serverOf is a server of files which knows nothing of what clients have asked before.
func serverOf(t testing.TB, fsys fs.ReadLinkFS) *Server {
	t.Helper()
	files, err := NewFiles(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return &Server{Exports: exported{testPath, &Export{ID: ExportID{1, 2, 3}, Files: files}}, Key: testKey}
}

// start serves on ports of the loopback interface until the test or what it returns ends it.
func start(t testing.TB, s *Server) (addr *net.TCPAddr, end func()) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, _ = l.Addr().(*net.TCPAddr)
	s.Port = uint16(addr.Port)
	return addr, serveOn(t, s, l)
}

func serveOn(t testing.TB, s *Server, l ...net.Listener) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l...) }()
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the server doesn't end")
		}
	}
	t.Cleanup(end)
	return end
}

// small is a file system with one of each kind.
func small() fstest.MapFS {
	at := time.Unix(1_700_000_000, 0)
	return fstest.MapFS{
		"live/filesystem.squashfs": {Data: []byte("squash"), Mode: 0o444, ModTime: at},
		"run":                      {Data: []byte("#!"), Mode: 0o755, ModTime: at},
		"link":                     {Data: []byte("live/filesystem.squashfs"), Mode: fs.ModeSymlink | 0o777, ModTime: at},
		"empty":                    {Mode: 0o400, ModTime: at},
		"pipe":                     {Mode: fs.ModeNamedPipe | 0o600, ModTime: at},
		strings.Repeat("n", 256):   {Mode: 0o444},
	}
}
