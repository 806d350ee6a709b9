package boottest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

// How much Spur may grow from the second boot of a process on. Memory that the
// garbage collector has not given back yet is no leak, nor are the connections
// of machines that were switched off, until they time out.
const (
	soakGrowth     = 16 << 10 // KiB of resident memory
	soakFiles      = 4        // file descriptors
	soakGoroutines = 60       // in all, at the end
	soakSettles    = 3 * time.Minute

	// soakRestart is the longest from the start of a round, or a restart, to
	// the next restart: within a boot.
	soakRestart = 12 * time.Second
)

// TestSoak boots machines over a wire that loses frames, again and again. In
// the first half of the time Spur is stopped and started at random moments; in
// the second it stays, so that it can be seen whether it grows. Every machine
// must come up. SPUR_SOAK is how long this goes on; without it, one machine is
// booted over one restart. SPUR_SOAK_SEED repeats a soak's random choices.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	if s.length == 0 {
		s.round(0, 1, true)
		s.countGoroutines()
		return
	}
	var first, last usage
	steady := 0
	for n, began := 0, time.Now(); time.Since(began) < s.length; n++ {
		restarts := time.Since(began) < s.length/2
		s.round(n, 2, restarts)
		last = s.usage()
		s.Logf("round %d, %v: %d KiB, %d files", n, time.Since(began).Round(time.Second), last.memory, last.files)
		if !restarts {
			if steady++; steady == 1 {
				first = last
			}
		}
	}
	if steady > 1 {
		s.grown(first)
	}
	s.countGoroutines()
}

// soak is a world of its own, since it outlasts the patience of one boot.
type soak struct {
	*world
	length time.Duration
	rand   *rand.Rand
	data   string
	spur   *lab.Process
	gaveUp atomic.Int64 // how often firmware gave up
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{data: t.TempDir()}
	seed := uint64(1)
	var err error
	if text := os.Getenv("SPUR_SOAK"); text != "" {
		if s.length, err = time.ParseDuration(text); err != nil || s.length <= 0 {
			t.Fatalf("SPUR_SOAK=%s: give a duration such as 30m", text)
		}
		seed = uint64(time.Now().Unix())
	}
	if text := os.Getenv("SPUR_SOAK_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("SPUR_SOAK_SEED=%d", seed)
	s.rand = rand.New(rand.NewPCG(seed, 0))
	ctx, cancel := context.WithTimeout(t.Context(), s.length+2*patience)
	l, err := lab.New(ctx, lab.Options{Dir: os.Getenv("SPUR_TEST_KEEP")})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	s.world = &world{T: t, ctx: ctx, lab: l}
	t.Cleanup(func() {
		cancel()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		s.nothingLeft()
	})
	s.wire, err = l.Wire("wire")
	s.check(err)
	s.check(s.wire.Router())
	s.home = s.otherHost("spur", homeAddr)
	s.foreignDHCP(s.otherHost("dhcp", dhcpAddr))
	s.spur = s.boot("--data", s.data)
	return s
}

// round boots machines and waits until all have been up and are off again. Its
// packets are kept, in SPUR_TEST_KEEP, if a machine did not come up at once.
func (s *soak) round(n, machines int, restarts bool) {
	s.Helper()
	packets, err := s.wire.Capture(fmt.Sprintf("round-%d.pcap", n))
	s.check(err)
	before := s.gaveUp.Load()
	if !s.machines(n, machines, restarts) || s.gaveUp.Load() > before {
		_, err = packets.Stop()
		s.check(err)
		return
	}
	path, err := packets.Stop()
	s.check(errors.Join(err, os.Remove(path)))
}

// machines says whether all came up.
func (s *soak) machines(n, machines int, restarts bool) (up bool) {
	s.Helper()
	up = true
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	done := make(chan error, machines)
	var running sync.WaitGroup
	defer func() { cancel(); running.Wait() }()
	for slot := range machines {
		f := firmwares[(n+slot)%len(firmwares)]
		port := f.port
		port.Loss = lab.Loss{Share: 0.02 + 0.06*s.rand.Float64(), Seed: s.rand.Uint64()}
		port.MAC = net.HardwareAddr{0x52, 0x54, 0x00, 0x88, 0x00, byte(slot)} // boots again
		name := fmt.Sprintf("%s-%d", strings.ToLower(f.name), n)
		s.Logf("%s loses %.1f %% of its frames", name, 100*port.Loss.Share)
		m := s.machine(name, f.firmware, port)
		running.Go(func() { done <- s.comesUp(ctx, m, restarts) })
	}
	for left, again := machines, 2; left > 0; {
		var restart <-chan time.Time
		if restarts && again > 0 {
			restart = time.After(s.moment(soakRestart))
		}
		select {
		case err := <-done:
			if left--; err != nil {
				up = false
				s.Errorf("%v\nSpur says:\n%s", err, s.spur.Tail(40))
			}
		case <-restart:
			again--
			s.restart()
		}
	}
	return up
}

// moment is a random time up to the longest.
func (s *soak) moment(longest time.Duration) time.Duration {
	return time.Duration(s.rand.Int64N(int64(longest)))
}

// restart stops Spur, leaves the machines alone for a moment, and starts it
// again.
func (s *soak) restart() {
	s.Helper()
	s.check(s.spur.Stop())
	away := s.moment(4 * time.Second)
	s.Logf("Spur is away for %v", away.Round(time.Millisecond))
	time.Sleep(away)
	s.spur = s.boot("--data", s.data)
}

const (
	// gaveUp is what firmware says when PXE has failed: edk2 with "load" where it
	// got no loader, with "start" where the loader ended (iPXE does when Spur goes
	// away while it loads). edk2 then goes on with IPv6 and HTTP Boot, which takes
	// it minutes.
	gaveUp = `No bootable device|failed to (?:load|start) Boot\d+ "UEFI PXEv4`
	// ended is what a boot can end with.
	ended = gaveUp + `|Kernel panic[^\n]*|` + lab.Up
	// soakTries is how often a machine is switched on when its firmware gives
	// up, as it may when nobody answers while Spur is away.
	soakTries = 3
)

// comesUp waits until a machine has been up, with all it was to be given, and
// is off.
func (s *soak) comesUp(ctx context.Context, m *lab.Machine, restarts bool) error {
	began := time.Now()
	at, err := m.Serial().WaitAfter(ctx, 0, ended)
	for try := 1; err == nil && !strings.HasPrefix(at.Text, "SPUR-LAB-UP"); try++ {
		if strings.HasPrefix(at.Text, "Kernel panic") {
			return fmt.Errorf("%s: %s", m.Name(), at.Text)
		}
		s.gaveUp.Add(1)
		s.Logf("%s gave up after %v: %s", m.Name(), time.Since(began).Round(time.Second), at.Text)
		if try == soakTries {
			return fmt.Errorf("%s gave up %d times", m.Name(), try)
		}
		if err := m.Reset(ctx); err != nil {
			return err
		}
		at, err = m.Serial().WaitAfter(ctx, at.End, ended)
	}
	if err != nil {
		return err
	}
	if files := at.Groups[1]; files != "/extra/one /extra/two" {
		return fmt.Errorf("%s has the files [%s]", m.Name(), files)
	}
	at, err = m.WaitFor(ctx, `SPUR-LAB-(NOT-)?FETCHED`)
	if err == nil && at.Groups[0] != "" && !restarts {
		err = fmt.Errorf("%s could not tell Spur that it is up", m.Name())
	}
	if err == nil {
		err = m.Wait(ctx)
	}
	s.Logf("%s was up and is off after %v", m.Name(), time.Since(began).Round(time.Second))
	return err
}

// usage is what Spur takes of the computer.
type usage struct{ memory, files int } // KiB resident, number of descriptors

func (s *soak) usage() (u usage) {
	s.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(s.spur.PID()))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	s.check(err)
	at := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if at == nil {
		s.Fatalf("no VmRSS in %s", status)
	}
	u.memory, err = strconv.Atoi(string(at[1]))
	s.check(err)
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	s.check(err)
	u.files = len(files)
	return u
}

// grown checks that Spur has not grown since first, once it had time to settle.
func (s *soak) grown(first usage) {
	s.Helper()
	u := s.usage()
	for until := time.Now().Add(soakSettles); u.files > first.files+soakFiles && time.Now().Before(until); u = s.usage() {
		time.Sleep(time.Second)
	}
	if u.memory > first.memory+soakGrowth || u.files > first.files+soakFiles {
		s.Errorf("Spur has grown from %d KiB and %d files to %d KiB and %d files", first.memory, first.files, u.memory, u.files)
	}
}

// countGoroutines ends Spur by SIGQUIT, which makes Go list them.
func (s *soak) countGoroutines() {
	s.Helper()
	s.check(syscall.Kill(s.spur.PID(), syscall.SIGQUIT))
	_ = s.spur.Wait(s.ctx) // the exit code is 2
	n := len(regexp.MustCompile(`(?m)^goroutine \d+ .*\[`).FindAllString(s.spur.String(), -1))
	s.Logf("%d goroutines at the end", n)
	if n == 0 || n > soakGoroutines {
		s.Errorf("Spur has %d goroutines at the end, at most %d are expected", n, soakGoroutines)
	}
}

// nothingLeft checks, once the lab is closed, that its namespaces and
// processes are gone.
func (s *soak) nothingLeft() {
	if s.home == nil {
		return
	}
	mark := strings.TrimSuffix(s.home.Namespace(), "-spur")
	if left, _ := filepath.Glob("/run/netns/" + mark + "-*"); len(left) > 0 {
		s.Errorf("left: %v", left)
	}
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		if env, err := os.ReadFile(path); err == nil && bytes.Contains(env, []byte("SPUR_LAB="+mark+"\x00")) {
			s.Errorf("left: the process of %s", path)
		}
	}
}
