package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spurboot/spur/bench/testbed"
	"github.com/spurboot/spur/tftp"
)

// A server is one of those that are compared.
type server struct {
	name string
	port string
	cmd  *exec.Cmd
	out  bytes.Buffer
}

// Contenders are the servers that are compared, Spur first.
type contenders struct {
	servers   []*server
	unbounded *server // Spur for many clients: it grants every window that is asked for
}

// asked are those that a point is about.
func (c *contenders) asked(p point) []*server {
	if p.clients == 1 {
		return c.servers
	}
	return append([]*server{c.unbounded}, c.servers[1:]...)
}

// startServers starts Spur and its peers. All run at once and end with ctx; only
// one is asked at a time.
func startServers(ctx context.Context, l *lab) (*contenders, error) {
	c := &contenders{}
	start := func(name, port, program string, args ...string) error {
		s, err := l.start(ctx, name, port, program, args...)
		if err != nil {
			return err
		}
		c.servers = append(c.servers, s)
		return l.ready(ctx, s)
	}
	atftpd := filepath.Join(cache(), "atftpd/usr/sbin/atftpd")
	for _, err := range []error{
		start("spur", "6900", l.Self, "serve", testbed.ServerAddress+":6900", l.Dir, "0"),
		start("tftpd-hpa", "6901", "/usr/sbin/in.tftpd", "-L", "--address", testbed.ServerAddress+":6901", "-s", l.Dir),
		start("atftpd", "6902", atftpd, "--daemon", "--no-fork", "--bind-address", testbed.ServerAddress, "--port", "6902",
			"--maxthread", "200", "--user", "root", "--group", "root", "--logfile", "/dev/null", l.Dir),
		start("dnsmasq", "69", "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
			"--enable-tftp", "--tftp-root="+l.Dir, "--tftp-max=200", "--user=root", "--pid-file=", "--log-facility=/dev/null"),
	} {
		if err != nil {
			return c, err
		}
	}
	var err error
	if c.unbounded, err = l.start(ctx, "spur", "6903", l.Self, "serve", testbed.ServerAddress+":6903", l.Dir, "64"); err != nil {
		return c, err
	}
	return c, l.ready(ctx, c.unbounded)
}

// stop ends them, by ending their context.
func (c *contenders) stop(cancel func()) {
	cancel()
	for _, s := range append(c.servers, c.unbounded) {
		if s != nil {
			_ = s.cmd.Wait()
		}
	}
}

func (l *lab) start(ctx context.Context, name, port, program string, args ...string) (*server, error) {
	if _, err := exec.LookPath(program); err != nil {
		return nil, fmt.Errorf("%s: %w: run scripts/install bench", name, err)
	}
	s := &server{name: name, port: port, cmd: l.OnServers(ctx, program, args...)}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	return s, s.cmd.Start()
}

// readySize is that of the file by which a server shows that it serves, in bytes.
const readySize = 100_000

// ready waits until the server answers. What it sends is compared here, once;
// later only numbers of blocks and bytes are.
func (l *lab) ready(ctx context.Context, s *server) error {
	got := filepath.Join(l.Dir, "got-from-"+s.name)
	want, err := os.ReadFile(filepath.Join(l.Dir, fileOf(readySize)))
	if err != nil {
		return err
	}
	for range 50 {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err = output(l.OnClients(try, "atftp", "--get", "--remote-file", fileOf(readySize), "--local-file", got, testbed.ServerAddress, s.port))
		cancel()
		if err == nil || ctx.Err() != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("%s does not answer: %w: %s", s.name, err, bytes.TrimSpace(s.out.Bytes()))
	}
	b, err := os.ReadFile(got)
	if err == nil && !bytes.Equal(b, want) {
		err = fmt.Errorf("%s sends something else than its file", s.name)
	}
	return err
}

// busy is [testbed.Busy] of the server.
func (s *server) busy() (float64, error) {
	seconds, err := testbed.Busy(s.cmd.Process.Pid)
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", s.name, err, bytes.TrimSpace(s.out.Bytes()))
	}
	return seconds, err
}

func names(all []*server) []string {
	var names []string
	for _, s := range all {
		names = append(names, s.name)
	}
	return names
}

func cache() string {
	if dir := os.Getenv("SPUR_LAB_CACHE"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "spur-lab"
	}
	return filepath.Join(dir, "spur-lab")
}

// serve is Spur's server, as a process of its own.
func serve(ctx context.Context, args []string) error {
	root, err := os.OpenRoot(args[1])
	if err != nil {
		return err
	}
	defer root.Close()
	window, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	server := tftp.Server{Read: tftp.FS(root.FS()), MaxWindowSize: window}
	return server.ListenAndServe(ctx, args[0])
}
