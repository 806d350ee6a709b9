package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spurboot/spur/bench/pair"
	"github.com/spurboot/spur/tftp"
)

// A server is one of those that are compared.
type server struct {
	name string
	port string
	cmd  *exec.Cmd
	out  bytes.Buffer
}

// startServers starts Spur and its peers, which end with ctx. All run at once;
// only one is asked at a time.
func startServers(ctx context.Context, l *lab) ([]*server, error) {
	var all []*server
	start := func(name, port, program string, args ...string) error {
		s, err := l.start(ctx, name, port, program, args...)
		if err != nil {
			return err
		}
		all = append(all, s)
		return l.ready(ctx, s)
	}
	atftpd := filepath.Join(cache(), "atftpd/usr/sbin/atftpd")
	for _, err := range []error{
		start("spur", "6900", l.self, "serve", pair.ServerAddress+":6900", l.dir),
		start("tftpd-hpa", "6901", "/usr/sbin/in.tftpd", "-L", "--address", pair.ServerAddress+":6901", "-s", l.dir),
		start("atftpd", "6902", atftpd, "--daemon", "--no-fork", "--bind-address", pair.ServerAddress, "--port", "6902",
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

// startFloors starts the servers that only show what there is to reach: on one
// thread, which loses nothing to the other cores, and on as many as there are
// cores.
func startFloors(ctx context.Context, l *lab) ([]*server, error) {
	var all []*server
	for _, threads := range []int{1, runtime.NumCPU()} {
		port := strconv.Itoa(6910 + threads)
		s, err := l.start(ctx, "floor", port, l.self, "floor", pair.ServerAddress+":"+port, strconv.Itoa(threads))
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
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
	got := filepath.Join(l.dir, "got-from-"+s.name)
	want, err := os.ReadFile(filepath.Join(l.dir, fileOf(readySize)))
	if err != nil {
		return err
	}
	for range 50 {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err = output(l.OnClients(try, "atftp", "--get", "--remote-file", fileOf(readySize), "--local-file", got, pair.ServerAddress, s.port))
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

// busy returns the seconds for which a core worked for the server so far, the
// processes that it has forked and that have ended included (proc(5)).
func (s *server) busy() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("%s has ended: %w: %s", s.name, err, bytes.TrimSpace(s.out.Bytes()))
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	ticks := 0
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", s.cmd.Process.Pid, err)
		}
		ticks += n
	}
	const perSecond = 100 // USER_HZ, the same for every Linux that Go runs on
	return float64(ticks) / perSecond, nil
}

// stopServers ends them, by ending their context.
func stopServers(all []*server, cancel func()) {
	cancel()
	for _, s := range all {
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
