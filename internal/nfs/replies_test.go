package nfs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"testing"
	"testing/fstest"
	"time"
)

// mixed are calls of all kinds: with short replies, and with some that have to go by themselves.
func mixed(r caller) (calls [][]byte) {
	root := r.root()
	file := r.file(root, "large")
	for _, n := range []int{0, 1, 4096, 30_001, mostFolder, mostFolder + 1, 100_000, mostRead} {
		calls = append(calls, record(programNFS, versionNFS, 6, file, uint64(n), n))
	}
	for procedure := range uint32(22) {
		calls = append(calls, record(programNFS, versionNFS, procedure, root, "large", uint64(0), 4096, 4096))
	}
	return append(calls,
		record(programNFS, versionNFS, 17, root, uint64(0), uint64(0), mostFolder, mostFolder),
		record(programNFS, versionNFS, 16, root, uint64(0), uint64(0), 512),
		record(programNFS, versionNFS, 3, root, "absent"),
		record(programNFS, versionNFS, 1, handleOfOthers),
		record(programNFS, versionNFS, 5, r.file(root, "link")),
		record(programMount, versionMount, 1, testPath),
		record(programNFS, versionNFS+1, 0))
}

// mixedFiles has a link whose target takes more than the room that replies without data have.
func mixedFiles() fstest.MapFS {
	files := fstest.MapFS{"large": {Data: make([]byte, 3<<20), Mode: 0o444},
		"link": {Data: bytes.Repeat([]byte("target/"), 1000), Mode: fs.ModeSymlink | 0o777}}
	rand.NewChaCha8([32]byte{3}).Read(files["large"].Data)
	for i := range 300 {
		files[fmt.Sprintf("package-%03d", i)] = &fstest.MapFile{Mode: 0o444}
	}
	return files
}

// TestMixed sends calls in any order and cut anywhere. The replies are those that each call has
// by itself, in the order of the calls.
func TestMixed(t *testing.T) {
	s := serverOf(t, mixedFiles())
	addr, _ := start(t, s)
	r := newCaller(t, s)
	calls := mixed(r)
	for seed := range byte(8) {
		random := rand.New(rand.NewChaCha8([32]byte{seed}))
		var stream []byte
		var want [][]byte
		for i := range 300 {
			call := with(bytes.Clone(calls[random.IntN(len(calls))]), 0, uint32(i))
			want = append(want, bytes.Clone(r.raw(call).b))
			stream = appendRecord(stream, call, 1+random.IntN(400))
		}
		nc := dial(t, addr)
		go sendCut(nc, stream, random)
		for i, b := range want {
			if d, err := receive(nc); err != nil || !bytes.Equal(d.b, b) {
				t.Fatalf("seed %d, reply %d: %d bytes, and not %d, %v", seed, i, len(d.b), len(b), err)
			}
		}
		nc.Close()
	}
}

// appendRecord appends a call in fragments of a size, or larger ones where they were too many.
func appendRecord(b, record []byte, size int) []byte {
	for ; len(record) > size && len(record)/size < mostFragments-1; record = record[size:] {
		b = append(binary.BigEndian.AppendUint32(b, uint32(size)), record[:size]...)
	}
	return append(binary.BigEndian.AppendUint32(b, uint32(len(record))|lastFragment), record...)
}

// sendCut sends in parts of any size, between some of which there is a while.
func sendCut(nc net.Conn, b []byte, random *rand.Rand) {
	for len(b) > 0 {
		n := min(1+random.IntN(3000), len(b))
		if _, err := nc.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
		if random.IntN(4) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// piped is a connection of which each byte that is taken is known. Its server writes no more
// than is read.
func piped(t *testing.T, s *Server) (c *conn, client net.Conn, ended <-chan struct{}) {
	t.Helper()
	here, there := net.Pipe()
	c = newConn(s, &written{Conn: here}, newShared(s.Bounds.withDefaults()), nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer here.Close()
		c.serve()
	}()
	t.Cleanup(func() { there.Close(); <-done })
	return c, there, done
}

// written knows what was to be written.
type written struct {
	net.Conn
	writes, largest int
}

func (w *written) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	w.writes++
	w.largest = max(w.largest, len(p))
	return w.Conn.Write(p)
}

// TestSlowReader has a client call without an end and read nothing. No more of its calls are
// taken than are read at once, what waits for it is bounded, and it is gone after a while.
func TestSlowReader(t *testing.T) {
	s := serverOf(t, mixedFiles())
	s.Bounds.ReplyTimeout = 300 * time.Millisecond
	r := newCaller(t, s)
	call := appendRecord(nil, record(programNFS, versionNFS, 6, r.file(r.root(), "large"), uint64(0), 4096), 1<<20)
	c, client, ended := piped(t, s)
	taken, err := client.Write(bytes.Repeat(call, 1000))
	if err == nil || taken > 2*callBuffer {
		t.Errorf("%d bytes of calls were taken, %v", taken, err)
	}
	<-ended
	w, _ := c.nc.(*written)
	if w.writes != 1 || w.largest > mostWaiting || w.largest < mostWaiting*3/4 {
		t.Errorf("%d writes, the largest of %d bytes", w.writes, w.largest)
	}
	if len(c.replies.buffer) != mostWaiting || c.replies.large != nil || c.account.Held() != 0 {
		t.Errorf("a buffer of %d bytes, a large one is %v, account %d", len(c.replies.buffer), c.replies.large, c.account.Held())
	}
}

// TestTogether has replies to calls that came together sent at once, also before what ends the
// connection, and none wait for a call that is only begun.
func TestTogether(t *testing.T) {
	s := serverOf(t, small())
	getRoot := appendRecord(nil, record(programNFS, versionNFS, 1, newCaller(t, s).root()), 1<<20)
	three := bytes.Repeat(getRoot, 3)
	for name, behind := range map[string][]byte{"nothing": nil, "half a call": getRoot[:50], "half a mark": {0x80}, "no call": {0x80, 0, 0, 4, 1, 2, 3, 4}} {
		t.Run(name, func(t *testing.T) {
			c, client, _ := piped(t, s)
			if _, err := client.Write(append(three[:len(three):len(three)], behind...)); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if d, err := receive(client); err != nil || len(d.b) != 24+4+fileAttributes {
					t.Fatalf("%d bytes, %v", len(d.b), err)
				}
			}
			if w, _ := c.nc.(*written); w.writes != 1 {
				t.Errorf("%d writes", w.writes)
			}
		})
	}
}

// slow is a file system whose files take a while.
type slow struct{ fstest.MapFS }

const aWhile = 200 * time.Millisecond

func (s slow) Open(name string) (fs.File, error) {
	time.Sleep(aWhile)
	return s.MapFS.Open(name)
}

// TestSlowFile has no reply wait for more than one slow file.
func TestSlowFile(t *testing.T) {
	s := serverOf(t, slow{fstest.MapFS{"f": {Data: []byte("data"), Mode: 0o444}}})
	r := newCaller(t, s)
	read := appendRecord(nil, record(programNFS, versionNFS, 6, r.file(r.root(), "f"), uint64(0), 4), 1<<20)
	addr, _ := start(t, s)
	nc := dial(t, addr)
	begun := time.Now()
	if _, err := nc.Write(bytes.Repeat(read, 6)); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		_, err := receive(nc)
		if took := time.Since(begun); err != nil || took > time.Duration(i+3)*aWhile {
			t.Errorf("reply %d after %v, %v", i, took, err)
		}
	}
}
