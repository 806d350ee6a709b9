package scratch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/scratch"
)

// TestMain is also the process that is killed: it makes a folder, says where,
// and waits.
func TestMain(m *testing.M) {
	if os.Getenv("SCRATCH_HOLD") == "" {
		os.Exit(m.Run())
	}
	f, err := scratch.New("spur-scratch-test-")
	if err != nil {
		os.Exit(1)
	}
	_ = os.WriteFile(filepath.Join(f.Path(), "fetched"), []byte("x"), 0o600)
	_, _ = os.Stdout.WriteString(f.Path() + "\n")
	time.Sleep(time.Hour)
	_ = f.Close()
}

// holder starts a process that has a folder.
func holder(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SCRATCH_HOLD=1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	b := make([]byte, 4096)
	n, err := out.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(string(b[:n]))
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func folder(t *testing.T) *scratch.Folder {
	t.Helper()
	f, err := scratch.New("spur-scratch-test-")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFolderOfAKilledProcessIsRemovedByTheNext(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	live, kept := holder(t)
	dead, left := holder(t)
	_ = dead.Process.Kill()
	_ = dead.Wait()
	if !there(left) {
		t.Fatal("the folder of a process that was killed is gone before anybody could have removed it")
	}
	f := folder(t)
	if there(left) {
		t.Error("the folder of a process that was killed is still there")
	}
	if !there(filepath.Join(kept, "fetched")) {
		t.Errorf("the folder of process %d, which lives, was removed", live.Process.Pid)
	}
	if err := f.Close(); err != nil || there(f.Path()) {
		t.Errorf("the folder is there after Close: %v", err)
	}
}

func TestForeignFoldersStay(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	other := filepath.Join(os.TempDir(), "spur-scratch-other")
	foreign := filepath.Join(os.TempDir(), "spur-scratch-test-foreign")
	link := filepath.Join(os.TempDir(), "spur-scratch-test-link")
	for _, dir := range []string{other, foreign} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(foreign, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := folder(t).Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{other, foreign, link} {
		if !there(path) {
			t.Errorf("%s was removed", path)
		}
	}
}

// TestMakersDontSweepEachOther has many make folders at a time.
func TestMakersDontSweepEachOther(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for range 50 {
				f, err := scratch.New("spur-scratch-test-")
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(f.Path(), "x"), nil, 0o600); err != nil {
					t.Error(err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("%d folders are left", len(left))
	}
}
