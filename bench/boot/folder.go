package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spurboot/spur/internal/efi/uki"
	"github.com/spurboot/spur/internal/lab"
)

// The files of the folder from which the peers serve.
const (
	kernelFile      = "vmlinuz"
	initrdFile      = "initrd.gz"
	applicationFile = "linux.efi"
	loaderFile      = "snponly.efi"
	scriptFile      = "boot.ipxe"
)

// root is the folder from which the peers serve.
func (b *bench) root() string { return filepath.Join(b.lab.Dir(), "root") }

// folder lays out what people do who have no Spur: the loader, a script, the
// kernel and its initrd, and all of it as one EFI application.
func (b *bench) folder() error {
	if err := os.Mkdir(b.root(), 0o755); err != nil {
		return err
	}
	script := fmt.Sprintf("#!ipxe\nkernel %s initrd=%s %s\ninitrd %s\nboot\n", kernelFile, initrdFile, cmdline, initrdFile)
	application, err := b.application()
	if err != nil {
		return err
	}
	files := map[string][]byte{scriptFile: []byte(script), applicationFile: application}
	for name, from := range map[string]string{kernelFile: b.kernel, initrdFile: b.initrd, loaderFile: "/usr/lib/ipxe/snponly.efi"} {
		if files[name], err = os.ReadFile(from); err != nil {
			return err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(b.root(), name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// application is the kernel, its initrd and its command line as one file, with
// systemd's stub, as ukify makes it.
func (b *bench) application() ([]byte, error) {
	var read []uki.Content
	for _, path := range []string{"/usr/lib/systemd/boot/efi/linuxx64.efi.stub", b.initrd, b.kernel} {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		read = append(read, uki.Content{Size: int64(len(content)), Bytes: content})
	}
	stub, err := uki.OpenStub(read[0].Bytes)
	if err != nil {
		return nil, err
	}
	image, err := stub.Layout(
		uki.Part{Section: ".cmdline", Contents: []uki.Content{uki.Text(cmdline)}},
		uki.Part{Section: ".initrd", Contents: read[1:2]},
		uki.Part{Section: ".linux", Contents: read[2:]},
	)
	if err != nil {
		return nil, err
	}
	var whole bytes.Buffer
	for _, p := range image.Pieces {
		whole.Write(p.Bytes)
		whole.Write(make([]byte, p.Size-int64(len(p.Bytes))))
	}
	return whole.Bytes(), nil
}

// nginxConfig serves the folder.
const nginxConfig = `
daemon off;
worker_processes auto;
user root;
pid %[1]s/nginx.pid;
error_log stderr warn;
events { worker_connections 64; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	types { application/efi efi; }
	default_type application/octet-stream;
	client_body_temp_path %[1]s/nginx-body;
	proxy_temp_path %[1]s/nginx-proxy;
	fastcgi_temp_path %[1]s/nginx-fastcgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi;
	scgi_temp_path %[1]s/nginx-scgi;
	server {
		listen %[2]s:80;
		root %[3]s;
	}
}
`

func (b *bench) startNGINX(ctx context.Context) (*lab.Process, error) {
	config := filepath.Join(b.lab.Dir(), "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, b.lab.Dir(), homeAddress, b.root()), 0o644); err != nil {
		return nil, err
	}
	p, err := b.home.Start("nginx", "-e", "stderr", "-c", config)
	if err != nil {
		return nil, err
	}
	return p, b.serves(ctx, "http://"+homeAddress+"/"+scriptFile)
}

// serves waits until a URL can be fetched: nginx doesn't say that it is ready.
func (b *bench) serves(ctx context.Context, url string) error {
	client := http.Client{Transport: &http.Transport{DialContext: b.home.Dial, DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			return errors.Join(err, answer.Body.Close())
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("nginx doesn't serve: %w", err)
		}
	}
}
