package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/store"
	"github.com/spurboot/spur/internal/store/storetest"
)

func put(t testing.TB, s store.Store, key string, value []byte) {
	t.Helper()
	if _, err := s.Apply(t.Context(), nil, store.Change{Key: key, Value: value}); err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return store.Memory() })
}

func TestFiles(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, t.TempDir()) })
	storetest.RunDurable(t, open)
}

// A process that is killed loses nothing that it acknowledged.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		acknowledged = append(acknowledged, lines.Text())
		if len(acknowledged) == 200 {
			child.Process.Kill()
		}
	}
	child.Wait()
	if len(acknowledged) < 200 {
		t.Fatalf("the process ended after %d records", len(acknowledged))
	}
	s := open(t, dir)
	defer s.Close()
	for _, key := range acknowledged {
		if r, ok, err := s.Get(t.Context(), "leases/"+key); err != nil || !ok || string(r.Value) != key {
			t.Errorf("%s is %q, %v, %v after the crash", key, r.Value, ok, err)
		}
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var", "spur")
	open(t, dir).Close()
	for path, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, filepath.Join(dir, "spur.store.0"): 0o600, filepath.Join(dir, "spur.store.1"): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	taken := t.TempDir()
	s := open(t, taken)
	defer s.Close()

	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	foreign := t.TempDir()
	write(t, filepath.Join(foreign, "spur.store.0"), strings.Repeat("no database ", 2000))
	short := t.TempDir()
	write(t, filepath.Join(short, "spur.store.0"), "cut off")
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "spur.store.1"), 0o700); err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct{ dir, want, advice string }{
		{taken, "another spur uses " + taken, "stop it, or give this one a folder of its own with --data"},
		{file, "cannot open the store in " + file, ""},
		{filepath.Join(file, "below"), "not a directory", ""},
		{"/proc/spur", "cannot open the store in /proc/spur", ""},
		{foreign, "is damaged or was not written by spur", "move its files"},
		{short, "is damaged", "move its files"},
		{folder, "spur.store.1", ""},
	} {
		s, err := store.Open(test.dir)
		if err == nil {
			s.Close()
			t.Errorf("%q: opened", test.dir)
			continue
		}
		t.Logf("%v", err)
		if !strings.Contains(advice.Of(err), test.advice) {
			t.Errorf("%q: what to do is %q, want %q", test.dir, advice.Of(err), test.advice)
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v; want %q", test.dir, err, test.want)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkPut shows what it costs to acknowledge a change, alone and in
// company.
func BenchmarkPut(b *testing.B) {
	for _, parallel := range []int{1, 64} {
		b.Run(fmt.Sprint(parallel, " at a time"), func(b *testing.B) {
			s, err := store.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			putAll(b, s, parallel)
		})
	}
}

func putAll(b *testing.B, s store.Store, parallel int) {
	value := make([]byte, 200)
	var next atomic.Int64
	var work sync.WaitGroup
	for range parallel {
		work.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				put(b, s, fmt.Sprint("leases/192.0.2.", i%2000), value)
			}
		})
	}
	work.Wait()
}
