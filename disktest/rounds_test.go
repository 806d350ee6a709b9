package disktest

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block"
)

const (
	roundsSize = 16 << 20 // of the disk
	roundsRoom = 96 << 20 // of the file system that its image is on
)

// rounds is the life of one disk, whose server is killed, starved of room and
// started again by others.
type rounds struct {
	*testing.T
	rand     *rand.Rand
	dir      string // a small file system of its own
	aside    string // a folder elsewhere
	image    string
	contents *contents
	states   map[string][]byte // snapshots
	filled   bool              // there was no room at some time of this round
	user     int
	serves   *server
	count    struct{ ops, full, kills, refused, recovered, snapshots int }
}

// server is a running `spur disk serve`.
type server struct {
	process *exec.Cmd
	at      string // URL
	said    []string
	over    chan struct{} // closed when it has ended and said all
}

// TestRounds: random writes, trims, zeros, flushes and snapshots, over NBD and
// iSCSI, on a file system that is full now and then, with a server that is
// killed at any time and started again as somebody else: whatever was
// acknowledged is there, and qemu-img finds nothing wrong.
// SPUR_SOAK_ROUNDS is how many rounds there are, SPUR_SOAK_SEED repeats some.
func TestRounds(t *testing.T) {
	n, seed := 30, uint64(time.Now().UnixNano())
	if v, err := strconv.Atoi(os.Getenv("SPUR_SOAK_ROUNDS")); err == nil {
		n = v
	}
	if v, err := strconv.ParseUint(os.Getenv("SPUR_SOAK_SEED"), 10, 64); err == nil {
		seed = v
	}
	t.Logf("seed %d", seed)
	r := &rounds{T: t, rand: rand.New(rand.NewPCG(seed, 0))}
	for i, disk := range r.disks() {
		if i >= n {
			break
		}
		disk(r)
		for round := range (n + len(r.disks()) - 1 - i) / len(r.disks()) {
			r.round(round)
		}
		r.finish()
	}
	t.Logf("%+v", r.count)
}

// disks makes one kind of disk after the other.
func (r *rounds) disks() []func(*rounds) {
	qemu := func(options string) func(*rounds) {
		return func(r *rounds) {
			r.fresh()
			r.run("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, r.image, strconv.Itoa(roundsSize))
		}
	}
	return []func(*rounds){
		func(r *rounds) { r.fresh(); r.run(built.spur, "disk", "create", r.image, "16M") },
		qemu("cluster_size=4k"),
		qemu("extended_l2=on,cluster_size=16k"),
		qemu("lazy_refcounts=on,cluster_size=512"),
		func(r *rounds) {
			r.fresh()
			base := filepath.Join(r.dir, "base.img")
			for i := range r.contents.now {
				r.contents.now[i] = byte(1 + i>>12)
			}
			r.check(os.WriteFile(base, r.contents.now, 0o644))
			r.run(built.spur, "disk", "create", "--backing", base, r.image)
		},
	}
}

func (r *rounds) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rounds) run(name string, args ...string) {
	r.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		r.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// fresh is an empty file system for the next disk.
func (r *rounds) fresh() {
	r.Helper()
	dir, err := os.MkdirTemp("", "spur-rounds-")
	r.check(err)
	r.Cleanup(func() { _ = os.RemoveAll(dir) })
	r.check(unix.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=777", roundsRoom)))
	r.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	r.dir, r.aside, r.image = dir, r.TempDir(), filepath.Join(dir, "disk.qcow2")
	r.contents, r.states, r.user = newContents(roundsSize), map[string][]byte{}, 0
}

// finish ends the last round of a disk.
func (r *rounds) finish() {
	r.Helper()
	r.drain()
	r.start("nbd")
	r.read()
	r.stop()
	r.sound()
	r.check(unix.Unmount(r.dir, unix.MNT_DETACH))
}

// round starts the server, sees that all is there, has clients use the disk, and
// ends the server, in one way or the other.
func (r *rounds) round(n int) {
	r.Helper()
	r.Logf("round %d", n)
	r.changeUser()
	r.start("nbd")
	r.read()
	if r.rand.IntN(3) == 0 {
		r.stop()
		r.start("iscsi")
	}
	r.filled = r.isFull()
	alive := r.use()
	if alive && r.rand.IntN(3) > 0 {
		r.drain()
		r.stop()
		r.between()
	} else {
		if alive {
			r.kill()
		}
		if r.rand.IntN(2) == 0 {
			r.drain()
		}
	}
}

// use has some clients work on the disk, which may lose its server meanwhile.
func (r *rounds) use() (alive bool) {
	r.Helper()
	w, err := r.dial()
	r.check(err)
	seeds := [3]uint64{r.rand.Uint64(), r.rand.Uint64(), r.rand.Uint64()}
	most := 10 + r.rand.IntN(150)
	var workers sync.WaitGroup
	for _, seed := range seeds {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1))
			for i := 0; i < most && r.operate(w, random); i++ {
			}
		})
	}
	// Room comes and goes, and perhaps the server dies under its clients.
	for range r.rand.IntN(4) {
		time.Sleep(time.Duration(r.rand.IntN(20)) * time.Millisecond)
		if r.isFull() {
			r.drain()
		} else {
			r.fill()
		}
	}
	if r.rand.IntN(3) == 0 {
		time.Sleep(time.Duration(r.rand.IntN(60)) * time.Millisecond)
		r.kill()
		w.Close()
		workers.Wait()
		return false
	}
	workers.Wait()
	w.Close()
	return true
}

// operate does one operation, and says whether there is still a server.
func (r *rounds) operate(w way, random *rand.Rand) bool {
	unit := []int64{512, 512, 4096, 65536}[random.IntN(4)]
	s := span{n: unit * (1 + random.Int64N(min(16, 1<<20/unit)))}
	s.off = random.Int64N((roundsSize-s.n)/unit+1) * unit
	if !r.contents.take(s) {
		return true
	}
	p := make([]byte, s.n)
	var err error
	certain := true
	switch k := random.IntN(20); {
	case k < 11:
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		err = w.Write(p, s.off)
	case k < 15:
		err = w.Zero(s.off, s.n)
	case k < 18:
		err = w.Trim(s.off, s.n)
		certain = false // it may do nothing
	default:
		r.contents.free(s)
		return r.went(w.Flush())
	}
	r.contents.end(s, p, certain && err == nil)
	return r.went(err)
}

// went judges how an operation ended.
func (r *rounds) went(err error) bool {
	r.contents.mu.Lock()
	defer r.contents.mu.Unlock()
	r.count.ops++
	if err == nil {
		return true
	}
	if errors.Is(err, block.ErrNoSpace) {
		r.count.full++
		if !r.filled {
			r.Errorf("there was room: %v", err)
		}
		return true
	}
	return false
}

// fill leaves no room.
func (r *rounds) fill() {
	r.contents.mu.Lock()
	r.filled = true
	r.contents.mu.Unlock()
	f, err := os.OpenFile(r.filler(), os.O_CREATE|os.O_WRONLY, 0o600)
	r.check(err)
	defer f.Close()
	var st unix.Statfs_t
	r.check(unix.Statfs(r.dir, &st))
	_ = unix.Fallocate(int(f.Fd()), 0, 0, max(1, int64(st.Bavail)*st.Bsize))
	for b := make([]byte, 4096); err == nil; {
		_, err = f.Seek(0, 2)
		if err == nil {
			_, err = f.Write(b)
		}
	}
}

func (r *rounds) drain() { _ = os.Remove(r.filler()) }

func (r *rounds) filler() string { return filepath.Join(r.dir, "filler") }

func (r *rounds) isFull() bool {
	_, err := os.Stat(r.filler())
	return err == nil
}

// changeUser has somebody else start the server from now on: who may write the
// image, and perhaps not open the journal.
func (r *rounds) changeUser() {
	r.Helper()
	if r.rand.IntN(3) > 0 {
		return
	}
	r.user = []int{0, 65534, 54321}[r.rand.IntN(3)]
	r.check(os.Chown(r.image, r.user, r.user))
	r.check(os.Chmod(r.image, 0o600))
	journal := r.image + ".journal"
	info, err := os.Stat(journal)
	if err != nil {
		return
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	if r.user != 0 && owner != r.user && r.rand.IntN(2) == 0 {
		r.check(os.Chmod(journal, 0o600))
		if s, err := r.launch("nbd"); err == nil {
			_ = s.process.Process.Kill()
			r.Fatalf("it serves without the journal that it may not open:\n%s", strings.Join(s.said, "\n"))
		} else if !strings.Contains(err.Error(), ".journal") {
			r.Fatalf("the journal isn't named: %v", err)
		}
		r.count.refused++
	}
	r.check(os.Chown(journal, r.user, r.user))
}

var servesAt = regexp.MustCompile(`Spur serves .* at (\S+)`)

// launch starts a server and waits until it serves.
func (r *rounds) launch(over string) (*server, error) {
	s := &server{process: exec.Command(built.spur, "disk", "serve", r.image, "--over", over, "--listen", "127.0.0.1:0"), over: make(chan struct{})}
	if r.user != 0 {
		s.process.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(r.user), Gid: uint32(r.user)}}
	}
	out, err := s.process.StdoutPipe()
	r.check(err)
	s.process.Stderr = s.process.Stdout
	r.check(s.process.Start())
	up := make(chan string, 1)
	go func() {
		defer close(s.over)
		defer close(up)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.said = append(s.said, lines.Text())
			if m := servesAt.FindStringSubmatch(lines.Text()); m != nil {
				up <- m[1]
			}
		}
		_ = s.process.Wait()
	}()
	if s.at = <-up; s.at == "" {
		<-s.over
		return s, errors.New(strings.Join(s.said, "\n"))
	}
	return s, nil
}

func (r *rounds) start(over string) {
	r.Helper()
	var err error
	if r.serves, err = r.launch(over); err != nil {
		r.Fatalf("it doesn't start (full: %v): %v", r.isFull(), err)
	}
}

// stop ends the server in good order.
func (r *rounds) stop() {
	r.Helper()
	_ = r.serves.process.Process.Signal(syscall.SIGTERM)
	r.ended()
	if state := r.serves.process.ProcessState; !state.Success() && !r.isFull() {
		r.Fatalf("%v\n%s", state, strings.Join(r.serves.said, "\n"))
	}
}

func (r *rounds) kill() {
	r.Helper()
	_ = r.serves.process.Process.Kill()
	r.ended()
	r.count.kills++
}

// ended waits until the server is gone, and reads what it said.
func (r *rounds) ended() {
	r.Helper()
	<-r.serves.over
	said := strings.Join(r.serves.said, "\n")
	if strings.Contains(said, "brought back") {
		r.count.recovered++
	}
	if strings.Contains(said, "may be missing") || strings.Contains(said, "has no journal") {
		r.Fatal(said)
	}
}

func (r *rounds) dial() (way, error) {
	if strings.HasPrefix(r.serves.at, "iscsi") {
		return dialISCSI(r.serves.at, r.aside)
	}
	return dialNBD(r.Context(), r.serves.at)
}

// read sees that all is there.
func (r *rounds) read() {
	r.Helper()
	w, err := r.dial()
	r.check(err)
	defer w.Close()
	got := make([]byte, roundsSize)
	for off := 0; off < len(got); off += 4 << 20 {
		r.check(w.Read(got[off:off+4<<20], int64(off)))
	}
	if err := r.contents.settle(got); err != nil {
		r.Fatalf("%v\n%s", err, strings.Join(r.serves.said, "\n"))
	}
}

// between is what others do with an image that nobody serves. A server that was
// killed has left its last writes to the journal, which is for Spur to play.
func (r *rounds) between() {
	r.Helper()
	if _, err := os.Stat(r.image + ".journal"); err == nil {
		return
	}
	r.sound()
	name := fmt.Sprintf("s%d", r.rand.IntN(2))
	_, is := r.states[name]
	switch k := r.rand.IntN(4); {
	case k == 0:
		off := r.rand.Int64N(roundsSize/4096) * 4096
		r.run("qemu-io", "-f", "qcow2", "-c", fmt.Sprintf("write -P 7 %d 4k", off), r.image)
		p := make([]byte, 4096)
		for i := range p {
			p[i] = 7
		}
		r.contents.end(span{off, 4096}, p, true)
	case k == 1:
	case !is:
		// A disk in doubt has one of several states until it is read.
		r.start("nbd")
		r.read()
		r.stop()
		r.run("qemu-img", "snapshot", "-c", name, r.image)
		r.states[name] = append([]byte(nil), r.contents.now...)
		r.count.snapshots++
	case k == 2:
		r.run("qemu-img", "snapshot", "-a", name, r.image)
		copy(r.contents.now, r.states[name])
		clear(r.contents.doubt)
	default:
		r.run("qemu-img", "snapshot", "-d", name, r.image)
		delete(r.states, name)
	}
}

// sound has QEMU look for faults.
func (r *rounds) sound() {
	r.Helper()
	r.run("qemu-img", "check", "-q", r.image)
}
