package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spurboot/spur/tftp"
)

// A server is one of those that are compared.
type server struct {
	name string
	port string
	cmd  *exec.Cmd
	out  bytes.Buffer
}

// startServers starts Spur and its peers. All run at once; only one is asked
// at a time.
func startServers(l *lab) ([]*server, error) {
	var all []*server
	start := func(name, port, program string, args ...string) error {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s: %w: run scripts/install bench", name, err)
		}
		s := &server{name: name, port: port, cmd: command(l.servers, program, args...)}
		s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
		s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		if err := s.cmd.Start(); err != nil {
			return err
		}
		all = append(all, s)
		return l.ready(s)
	}
	atftpd := filepath.Join(cache(), "atftpd/usr/sbin/atftpd")
	for _, err := range []error{
		start("spur", "6900", l.self, "serve", serverAddress+":6900", l.dir),
		start("tftpd-hpa", "6901", "/usr/sbin/in.tftpd", "-L", "--address", serverAddress+":6901", "-s", l.dir),
		start("atftpd", "6902", atftpd, "--daemon", "--no-fork", "--bind-address", serverAddress, "--port", "6902",
			"--maxthread", "200", "--user", "root", "--group", "root", "--logfile", "/dev/null", l.dir),
		start("dnsmasq", "69", "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
			"--enable-tftp", "--tftp-root="+l.dir, "--tftp-max=200", "--user=root", "--pid-file=", "--log-facility=/dev/null"),
	} {
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// ready waits until the server answers.
func (l *lab) ready(s *server) error {
	for range 50 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		c := command(l.clients, l.self, "load", net.JoinHostPort(serverAddress, s.port), manyFile, "1", "1428", "1")
		err := c.Start()
		if err == nil {
			err = wait(ctx, c)
		}
		cancel()
		if err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%s does not answer: %s", s.name, bytes.TrimSpace(s.out.Bytes()))
}

func stopServers(all []*server) {
	for _, s := range all {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		_ = s.cmd.Wait()
	}
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
func serve(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := os.OpenRoot(args[1])
	if err != nil {
		return err
	}
	defer root.Close()
	server := tftp.Server{Read: tftp.FS(root.FS())}
	if len(args) > 2 { // for a person to look at
		server.Hooks.End = func(t *tftp.Transfer, s tftp.Stats, reason tftp.Reason, err error) {
			fmt.Fprintf(os.Stderr, "%s: %v %v %+v\n", t.Filename, reason, err, s)
		}
	}
	return server.ListenAndServe(ctx, args[0])
}
