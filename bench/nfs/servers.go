package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/internal/iso"
	"github.com/spurboot/spur/internal/nfs"
	"github.com/spurboot/spur/internal/seal"
)

// server is a program that serves the medium.
type server struct {
	name    string
	mounted string // the path that clients mount
	command func(ctx context.Context) *exec.Cmd
}

// servers are Spur and its peer. They take the ports that clients look for, one after
// the other.
func servers(bed *testbed.Testbed, m medium) []server {
	return []server{
		{"spur", exported, func(ctx context.Context) *exec.Cmd { return bed.OnServers(ctx, bed.Self, "serve", m.image) }},
		{"nfs-ganesha", m.folder, func(ctx context.Context) *exec.Cmd {
			return bed.OnServers(ctx, "sh", "-c", startGanesha, "sh", filepath.Dir(m.folder), m.folder)
		}},
	}
}

// startGanesha has ganesha as one would set it up for this, but for what the others of
// NFS need. It has to have a portmapper. Both keep their sockets and states below
// folders of their own: ip netns exec has mounts of its own.
const startGanesha = `
mount -t tmpfs none /run && mkdir -p /run/ganesha /run/rpcbind
mount -t tmpfs none /var/lib/nfs && mkdir -p /var/lib/nfs/ganesha
ulimit -c 0
setpriv --pdeathsig KILL rpcbind -f -w &
cat >"$1/ganesha.conf" <<END
NFS_CORE_PARAM { Protocols = 3; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; }
EXPORT {
	Export_Id = 1; Path = $2; Pseudo = /medium; Access_Type = RO; Squash = None;
	SecType = sys; PrivilegedPort = false; FSAL { Name = VFS; }
}
END
until rpcinfo -s 127.0.0.1 >/dev/null 2>&1; do sleep 0.02; done
exec ganesha.nfsd -F -f "$1/ganesha.conf" -L "$1/ganesha.log" -p /run/ganesha.pid -N FATAL
`

// measure is one round of one server.
func (s server) measure(ctx context.Context, bed *testbed.Testbed, p point) (f testbed.Figure, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", s.name, err)
		}
	}()
	c := s.command(ctx)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		return f, err
	}
	defer stop(c)
	if err := s.answers(ctx, bed); err != nil {
		return f, err
	}
	before, err := testbed.Busy(c.Process.Pid)
	if err != nil {
		return f, err
	}
	f, seconds, err := p.run(ctx, bed, s.mounted)
	if err != nil {
		return f, err
	}
	after, err := testbed.Busy(c.Process.Pid)
	f.Server = (after - before) / seconds
	return f, err
}

// stop ends a server with what it started, so that its ports are free.
func stop(c *exec.Cmd) {
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	_ = c.Wait()
}

// answers waits until the server lists what is mounted.
func (s server) answers(ctx context.Context, bed *testbed.Testbed) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		out, err := bed.OnClients(ctx, "nfs-ls", "nfs://"+testbed.ServerAddress+s.mounted+"?version=3").CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("nfs-ls: %w: %s", err, bytes.TrimSpace(out))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// exported is the path under which ours is mounted.
const exported = "/medium"

// serve is our server, until a signal comes.
func serve(ctx context.Context, args []string) error {
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	image, err := iso.Open(f, info.Size())
	if err != nil {
		return err
	}
	files, err := nfs.NewFiles(image)
	if err != nil {
		return err
	}
	var listeners []net.Listener
	for _, port := range []int{nfs.DefaultPort, nfs.PortmapPort} {
		l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", testbed.ServerAddress, port))
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
	}
	s := &nfs.Server{Exports: one{&nfs.Export{Files: files}}, Key: seal.NewKey(), Port: nfs.DefaultPort}
	return s.Serve(ctx, listeners...)
}

// one is a single export.
type one struct{ *nfs.Export }

func (o one) ByPath(path string) (*nfs.Export, string, error) {
	folder, ok := strings.CutPrefix(path, exported)
	if !ok {
		return nil, "", fs.ErrNotExist
	}
	return o.Export, folder, nil
}

func (o one) ByID(nfs.ExportID) (*nfs.Export, error) { return o.Export, nil }
