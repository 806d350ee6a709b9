package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/internal/httpd"
)

// server is one that runs.
type server struct {
	name    string
	address string
	cmd     *exec.Cmd
}

// nginxConfig is what one would write for serving large files fast; without
// reuseport its workers share many connections unevenly.
const nginxConfig = `
daemon off;
worker_processes auto;
user root;
pid %[1]s/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	default_type application/octet-stream;
	client_body_temp_path %[1]s/nginx-body;
	proxy_temp_path %[1]s/nginx-proxy;
	fastcgi_temp_path %[1]s/nginx-fastcgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi;
	scgi_temp_path %[1]s/nginx-scgi;
	server {
		listen %[2]s reuseport;
		root %[1]s;
	}
}
`

// startServers starts nginx and Spur, in this order. It returns those that run
// also with an error.
func startServers(ctx context.Context, l *lab) ([]*server, error) {
	config := filepath.Join(l.Dir, "nginx.conf")
	nginx := &server{name: "nginx", address: testbed.ServerAddress + ":8001"}
	spur := &server{name: "Spur", address: testbed.ServerAddress + ":8002"}
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, l.Dir, nginx.address), 0o644); err != nil {
		return nil, err
	}
	nginx.cmd = l.OnServers(ctx, "nginx", "-e", "stderr", "-c", config)
	spur.cmd = l.OnServers(ctx, l.Self, "serve", spur.address, l.Dir)
	var running []*server
	for _, s := range []*server{nginx, spur} {
		s.cmd.Stderr = os.Stderr
		if err := s.cmd.Start(); err != nil {
			return running, fmt.Errorf("start %s: %w", s.name, err)
		}
		running = append(running, s)
	}
	for _, s := range running {
		// The first transfer waits until the server listens.
		if out, err := l.OnClients(ctx, l.Self, "load", s.address, "/"+fileName, "1").CombinedOutput(); err != nil {
			return running, fmt.Errorf("%s doesn't serve: %w: %s", s.name, err, out)
		}
	}
	return running, nil
}

func stopServers(servers []*server) {
	for _, s := range servers {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
	}
}

// serve is Spur's file server with hooks that count, as the daemon's do.
func serve(ctx context.Context, args []string) error {
	root, err := os.OpenRoot(args[1])
	if err != nil {
		return err
	}
	defer root.Close()
	ln, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	var started, bytes, ended atomic.Int64
	srv := &httpd.Server{
		Handler: &httpd.Handler{
			Open: httpd.FS(root.FS()),
			Hooks: httpd.Hooks{
				Start:    func(*httpd.Transfer) { started.Add(1) },
				Progress: func(_ *httpd.Transfer, n int64) { bytes.Store(n) },
				End:      func(*httpd.Transfer, httpd.Stats, error) { ended.Add(1) },
			},
		},
		Bounds: httpd.Bounds{Grace: 100 * time.Millisecond},
	}
	return srv.Serve(ctx, ln)
}
