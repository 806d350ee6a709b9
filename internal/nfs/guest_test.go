package nfs

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

//go:embed guest.sh
var guestScript string

// guest is a machine in a lab that mounts from a host of it.
type guest struct {
	*testing.T
	ctx  context.Context
	lab  *lab.Lab
	host *lab.Host
	*lab.Machine
}

func (g *guest) check(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

// listen listens on ports of the host.
func (g *guest) listen(ports ...int) (all []net.Listener) {
	g.Helper()
	for _, port := range ports {
		g.check(g.host.Do(func() error {
			l, err := net.Listen("tcp4", fmt.Sprintf(":%d", port))
			all = append(all, l)
			return err
		}))
	}
	return all
}

// waitFor waits until the machine has printed a line, or that something failed.
func (g *guest) waitFor(line string) {
	g.Helper()
	m, err := g.Machine.WaitFor(g.ctx, `NFS-FAILED.*|`+line)
	g.check(err)
	if strings.HasPrefix(m.Text, "NFS-FAILED") {
		g.Fatal(g.Serial().Tail(40))
	}
}

// newGuest boots a machine that has files, and klibc's nfsmount.
func newGuest(t *testing.T, files map[string]string) *guest {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	l, err := lab.New(ctx, lab.Options{})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	g := &guest{T: t, ctx: ctx, lab: l}
	wire, err := l.Wire("wire")
	g.check(err)
	g.host, err = l.Host("server", lab.On(wire, "10.77.0.1/24"))
	g.check(err)
	_, err = lab.DNSMasq{Host: g.host, Range: "10.77.0.50,10.77.0.99,1h"}.Start(ctx)
	g.check(err)
	g.klibc(files)
	initrd := filepath.Join(t.TempDir(), "initrd")
	g.check(lab.Initramfs(initrd, lab.InitramfsOptions{Modules: []string{"nfsv3"}, Files: files}))
	kernel, err := lab.Kernel()
	g.check(err)
	g.Machine, err = l.Boot("client", lab.Hardware{Firmware: lab.BIOS, Ports: []lab.Port{{Wire: wire}},
		Args: []string{"-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 spur.lab=stay no_timer_check"}})
	g.check(err)
	g.waitFor("SPUR-LAB-STAYS")
	return g
}

// klibc adds nfsmount, and the library that it runs by.
func (g *guest) klibc(files map[string]string) {
	g.Helper()
	for row, at := range map[string]string{"klibc-utils": "usr/lib/klibc/bin/nfsmount", "libklibc": "lib/klibc-*.so"} {
		path, err := lab.Unpacked(row, at)
		g.check(err)
		content, err := os.ReadFile(path)
		g.check(err)
		name := "bin/nfsmount"
		if row == "libklibc" {
			name = "lib/" + filepath.Base(path)
		}
		files[name] = string(content)
	}
}

// described is what the machine should find in a folder: sums of its files, and what stat says.
func described(t *testing.T, folder string) (sums, stats string) {
	t.Helper()
	var files, others strings.Builder
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimSuffix("./"+path, "/.")
		if path == "." {
			name = "."
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			fmt.Fprintf(&others, "%s %o directory\n", name, info.Mode().Perm())
		case !d.Type().IsRegular():
			fmt.Fprintf(&others, "%s %o symbolic link\n", name, info.Mode().Perm())
		default:
			content, err := os.ReadFile(filepath.Join(folder, path))
			if err != nil {
				return err
			}
			sums += fmt.Sprintf("%x  %s\n", sha256.Sum256(content), name)
			fmt.Fprintf(&files, "%s %o %d\n", name, info.Mode().Perm(), info.Size())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums, others.String() + files.String()
}

// TestGuest has Linux mount a medium, by its own means and by klibc's nfsmount, and read all of
// it while the server is ended and started, knowing nothing of the one before.
func TestGuest(t *testing.T) {
	folder, _ := mediumFolder(t)
	sums, stats := described(t, folder)
	g := newGuest(t, map[string]string{"guest.sh": "medium=" + testPath + "\n" + guestScript, "sums": sums, "stats": stats})
	image := mediumImage(t, folder, "-R")
	begin := func(ports ...int) (end func()) {
		s := serverOf(t, image)
		s.Port = DefaultPort
		return serveOn(t, s, g.listen(ports...)...)
	}
	end := begin(DefaultPort, PortmapPort)
	_, err := g.Write([]byte("sh /guest.sh\n"))
	g.check(err)
	g.waitFor("NFS-BY-PORTS")
	g.waitFor("NFS-BY-PORTMAPPER")
	end()
	end = begin(DefaultPort, MountPort)
	_, err = g.Write([]byte("\n"))
	g.check(err)
	for _, i := range []int{1, 3} {
		g.waitFor(fmt.Sprintf("NFS-COMPARED %d", i))
		end()
		time.Sleep(2 * time.Second)
		end = begin(DefaultPort)
	}
	g.waitFor("NFS-IS-WELL")
}
