package san

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/nbd"
)

// machine is one with a disk of its own.
type machine struct {
	name, target string
	nbd          *nbd.Client
	iscsi        net.Conn
}

// diskOf is the disk of a machine: an overlay in a folder, which is made and
// opened when it is asked for.
func diskOf(pool *disk.Pool, m *machine, dir, base string) Volume {
	return Volume{
		Name: m.name, Serial: disk.IdentifyUnit(m.target, 0).Serial(),
		Open: func(ctx context.Context) (Disk, error) {
			o := disk.Options{Base: base, Format: diskimage.Raw}
			d, release, err := pool.Open(ctx, m.name, filepath.Join(dir, m.name+".qcow2"), o)
			if err != nil {
				return Disk{}, err
			}
			return Disk{Device: d.Device, Release: release}, nil
		},
	}
}

// TestDiskPerMachine gives each of many machines a disk of its own over a common
// base, by iSCSI and by NBD at once, which is open only while it is used.
func TestDiskPerMachine(t *testing.T) {
	const count = 50
	dir := t.TempDir()
	base := filepath.Join(dir, "base")
	if err := os.WriteFile(base, bytes.Repeat([]byte("base"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 2*count)
	pool := disk.NewPool(context.Background(), disk.PoolOptions{Most: count, Idle: 20 * time.Millisecond, Closed: func(_ string, err error) { closed <- err }})
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	var exports Exports
	var targets Targets
	overISCSI := listen(t, func(ctx context.Context, l net.Listener, log *Log) error { return ServeISCSI(ctx, l, &targets, log) })
	overNBD := listen(t, func(ctx context.Context, l net.Listener, log *Log) error { return ServeNBD(ctx, l, &exports, nil, log) })
	machines := make([]machine, count)
	for i := range machines {
		m := &machines[i]
		m.name = fmt.Sprintf("machine%d", i)
		m.target = IQN(m.name)
		v := diskOf(pool, m, dir, base)
		if err := errors.Join(exports.Add(v), targets.Add(Target{Name: m.target, LUNs: []Volume{v}})); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := nbd.List(t.Context(), "tcp", overNBD, nbd.Options{}); err != nil || len(names) != count || openBelow(t, dir) != 0 {
		t.Fatalf("%d exports, %v, %d files are open before anybody has asked", len(names), err, openBelow(t, dir))
	}
	for i := range machines {
		m := &machines[i]
		m.iscsi = converse(t, overISCSI, m.target, byte(i))
		m.dialNBD(t, overNBD)
		m.reads(t, byte(i))
	}
	if got := openBelow(t, dir); got != 3*count { // overlay, journal, base
		t.Errorf("%d files are open for %d disks", got, count)
	}
	for _, m := range machines {
		m.iscsi.Close()
		if err := m.nbd.Close(); err != nil {
			t.Error(err)
		}
	}
	for range machines {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	journals, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if got := openBelow(t, dir); got != 0 || len(journals) != 0 || err != nil {
		t.Errorf("%d files are open, %d journals are left when nobody uses a disk", got, len(journals))
	}
	m := &machines[7]
	m.dialNBD(t, overNBD)
	m.reads(t, 7)
	exports.Remove(m.name)
	targets.Remove(m.target)
	if _, err := nbd.Dial(t.Context(), "tcp", overNBD, nbd.Options{Export: m.name}); err == nil {
		t.Error("an export that was removed is still there")
	}
	if _, err := targets.Target(t.Context(), m.target); err == nil {
		t.Error("a target that was removed is still there")
	}
	m.reads(t, 7) // for who used it
	if err := m.nbd.Close(); err != nil {
		t.Error(err)
	}
}

func (m *machine) dialNBD(t *testing.T, address string) {
	t.Helper()
	var err error
	if m.nbd, err = nbd.Dial(t.Context(), "tcp", address, nbd.Options{Export: m.name}); err != nil {
		t.Fatal(err)
	}
}

// reads sees by NBD what converse has written by iSCSI.
func (m *machine) reads(t *testing.T, mark byte) {
	t.Helper()
	got := make([]byte, 64<<10)
	if err := m.nbd.Read(t.Context(), got, 3<<20); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{mark}, len(got))) {
		t.Errorf("%s: its disk isn't what it has written: %v", m.name, err)
	}
}

// openBelow is how many files of a folder this process has open.
func openBelow(t *testing.T, dir string) (n int) {
	t.Helper()
	const open = "/proc/self/fd"
	files, err := os.ReadDir(open)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if to, err := os.Readlink(filepath.Join(open, f.Name())); err == nil && strings.HasPrefix(to, dir+"/") {
			n++
		}
	}
	return n
}

// TestNotOpened: a disk that can't be opened is refused to its user alone, who
// isn't told the names of this host's files, and the log says why.
func TestNotOpened(t *testing.T) {
	var exports Exports
	var out bytes.Buffer
	v := Volume{Name: "disk", Open: func(context.Context) (Disk, error) { return Disk{}, errors.New("/srv/secret is damaged") }}
	if err := exports.Add(v); err != nil {
		t.Fatal(err)
	}
	_, err := nbdExports{&exports, &Log{Out: &out}}.Lookup(t.Context(), &nbd.Peer{Addr: &net.TCPAddr{}}, "disk")
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(out.String(), "/srv/secret is damaged") {
		t.Errorf("told the client %v, the log %q", err, &out)
	}
	var targets Targets
	released := 0
	good := Volume{Name: "good", Open: func(context.Context) (Disk, error) {
		return Disk{Device: block.NewMemory(512), Release: func() { released++ }}, nil
	}}
	if err := targets.Add(Target{Name: IQN("x"), LUNs: []Volume{good, v}}); err != nil {
		t.Fatal(err)
	}
	if _, err := targets.Target(t.Context(), IQN("x")); err == nil || released != 1 {
		t.Errorf("%v; %d of its disks are released", err, released)
	}
}
