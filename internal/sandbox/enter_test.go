package sandbox_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kernel.org/pub/linux/libs/security/libcap/cap"

	"github.com/spurboot/spur/internal/sandbox"
)

// tried is what a confined process tells of itself.
type tried struct {
	Status sandbox.Status
	Errors map[string]string // of what was tried; "" where it worked
}

// attempt is what a confined process is to do.
type attempt struct {
	Policy sandbox.Policy
	Read   []string
	Write  []string
	Remove []string
}

// TestMain is the confined process where a test has started it as that.
func TestMain(m *testing.M) {
	if os.Getenv("SPUR_SANDBOX_ATTEMPT") == "" {
		os.Exit(m.Run())
	}
	var a attempt
	result := tried{Errors: map[string]string{}}
	err := json.Unmarshal([]byte(os.Getenv("SPUR_SANDBOX_ATTEMPT")), &a)
	if err == nil {
		result.Status, err = sandbox.Enter(a.Policy)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	note := func(path string, err error) {
		result.Errors[path] = ""
		if err != nil {
			result.Errors[path] = err.Error()
		}
	}
	for _, path := range a.Read {
		_, err := os.ReadFile(path)
		note(path, err)
	}
	for _, path := range a.Write {
		note(path, os.WriteFile(path, nil, 0o600))
	}
	for _, path := range a.Remove {
		note(path, os.Remove(path))
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test has looked from outside
}

// confine runs an attempt in a process of its own; look sees it from outside.
func confine(t *testing.T, a attempt, look func(pid int)) tried {
	t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), "SPUR_SANDBOX_ATTEMPT="+string(text))
	c.Stderr = os.Stderr
	hold, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err1 != nil || err2 != nil || c.Start() != nil {
		t.Fatal("the test can't be started again", err1, err2)
	}
	defer func() { _ = c.Wait() }()
	defer hold.Close()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var result tried
	if err := json.Unmarshal(line, &result); err != nil {
		t.Fatalf("%s", line)
	}
	if look != nil {
		look(c.Process.Pid)
	}
	return result
}

// threads calls check with the status of each thread of a process.
func threads(t *testing.T, pid int, check func(field func(string) string)) {
	t.Helper()
	all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(all) < 2 {
		t.Fatalf("threads of %d: %v %v", pid, all, err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		check(func(name string) string {
			at := regexp.MustCompile(`(?m)^` + name + `:[ \t]*(.*)$`).FindStringSubmatch(string(text))
			return at[1]
		})
	}
}

// house is a folder that is served, one that isn't, and links between them.
type house struct{ served, key, open, outside, link, cache, data string }

func newHouse(t *testing.T) house {
	t.Helper()
	top := t.TempDir()
	if err := os.Chmod(filepath.Dir(top), 0o755); err != nil {
		t.Fatal(err)
	}
	h := house{served: filepath.Join(top, "served"), outside: filepath.Join(top, "outside"), cache: filepath.Join(top, "cache"), data: filepath.Join(top, "data")}
	h.key, h.open, h.link = filepath.Join(h.served, "root-only"), filepath.Join(h.served, "open"), filepath.Join(h.served, "link")
	for _, dir := range []string{h.served, h.cache, h.data} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, mode := range map[string]os.FileMode{h.key: 0o600, h.open: 0o644, h.outside: 0o644, filepath.Join(h.data, "journal"): 0o600} {
		if err := os.WriteFile(path, []byte("x"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(h.outside, h.link); err != nil {
		t.Fatal(err)
	}
	return h
}

func nobody(t *testing.T) sandbox.Account {
	t.Helper()
	a, err := sandbox.FindAccount("nobody")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// outcome checks which paths could be used.
func (r tried) outcome(t *testing.T, worked, denied []string) {
	t.Helper()
	for _, path := range worked {
		if text, asked := r.Errors[path]; !asked || text != "" {
			t.Errorf("%s: asked %v, %q; it should work", path, asked, text)
		}
	}
	for _, path := range denied {
		if text := r.Errors[path]; !strings.Contains(text, "permission denied") {
			t.Errorf("%s: %q; it should be denied", path, text)
		}
	}
}

// A process of root's that serves a folder reads what only root may in it, and
// nothing else, whatever links lead there.
func TestEnter(t *testing.T) {
	h := newHouse(t)
	if err := os.Chown(h.cache, nobody(t).UID, -1); err != nil {
		t.Fatal(err)
	}
	made, stray := filepath.Join(h.cache, "made"), filepath.Join(h.served, "stray")
	policy := sandbox.Policy{
		Account: nobody(t), Capabilities: []cap.Value{cap.NET_RAW},
		Read: []string{h.served}, Write: []string{h.cache}, Readable: []string{h.key, h.open},
	}
	r := confine(t, attempt{Policy: policy, Read: []string{h.key, h.open, h.link, h.outside, "/etc/shadow", "/etc/passwd", "/etc/hosts"}, Write: []string{made, stray}},
		func(pid int) {
			threads(t, pid, func(field func(string) string) {
				if uid, gid := field("Uid"), field("Gid"); !strings.HasPrefix(uid, "65534\t65534\t65534\t65534") || !strings.HasPrefix(gid, "65534\t65534\t65534\t65534") {
					t.Errorf("user %q, group %q", uid, gid)
				}
				if groups := field("Groups"); groups != "" {
					t.Errorf("groups %q", groups)
				}
				const both = "0000000000002004" // CAP_NET_RAW (13) and CAP_DAC_READ_SEARCH (2)
				for name, want := range map[string]string{"CapEff": both, "CapPrm": both, "CapInh": "0000000000000000", "CapBnd": "0000000000000000", "CapAmb": "0000000000000000", "NoNewPrivs": "1"} {
					if got := field(name); got != want {
						t.Errorf("%s is %s, want %s", name, got, want)
					}
				}
			})
		})
	r.outcome(t, []string{h.key, h.open, "/etc/hosts", made}, []string{h.link, h.outside, "/etc/shadow", "/etc/passwd", stray})
	if r.Status.Landlock == 0 {
		t.Error("this kernel has no Landlock: the fence can't be tested")
	}
}

// What everybody may read needs no capability.
func TestNothingKept(t *testing.T) {
	h := newHouse(t)
	r := confine(t, attempt{Policy: sandbox.Policy{Account: nobody(t), Read: []string{h.served}, Readable: []string{h.open}}, Read: []string{h.open, h.key}}, nil)
	r.outcome(t, []string{h.open}, []string{h.key})
	if len(r.Status.Capabilities) > 0 {
		t.Errorf("it kept %v", r.Status.Capabilities)
	}
}

// In a folder from which files are only to be removed, nothing is read.
func TestRemove(t *testing.T) {
	h := newHouse(t)
	journal := filepath.Join(h.data, "journal")
	policy := sandbox.Policy{Account: nobody(t), Remove: []string{h.data}, Removable: []string{h.data}}
	r := confine(t, attempt{Policy: policy, Read: []string{journal, h.open}, Write: []string{filepath.Join(h.data, "new")}}, nil)
	r.outcome(t, nil, []string{journal, h.open, filepath.Join(h.data, "new")})
	r = confine(t, attempt{Policy: policy, Remove: []string{journal}}, nil)
	r.outcome(t, []string{journal}, nil)
}

// A folder that only root can reach is served like any other.
func TestClosedFolder(t *testing.T) {
	h := newHouse(t)
	if err := os.Chmod(filepath.Dir(h.served), 0o700); err != nil {
		t.Fatal(err)
	}
	r := confine(t, attempt{Policy: sandbox.Policy{Account: nobody(t), Read: []string{h.served}, Readable: []string{h.open}}, Read: []string{h.open, h.key, h.outside}}, nil)
	r.outcome(t, []string{h.open, h.key}, []string{h.outside})
}

// Who stays root has lost its privileges all the same.
func TestStayRoot(t *testing.T) {
	h := newHouse(t)
	root, err := sandbox.FindAccount("root")
	if err != nil {
		t.Fatal(err)
	}
	r := confine(t, attempt{Policy: sandbox.Policy{Account: root, Read: []string{h.served}}, Read: []string{h.key, h.outside, "/etc/shadow"}}, func(pid int) {
		threads(t, pid, func(field func(string) string) {
			if got := field("CapPrm") + field("CapBnd"); strings.Trim(got, "0") != "" {
				t.Errorf("capabilities %s", got)
			}
		})
	})
	r.outcome(t, []string{h.key}, []string{h.outside, "/etc/shadow"})
}

// An ordinary user can be confined too, but not become another one.
func TestUnprivileged(t *testing.T) {
	h := newHouse(t)
	text, err := json.Marshal(attempt{Policy: sandbox.Policy{Account: nobody(t), Read: []string{h.served}}, Read: []string{h.open, h.outside}})
	if err != nil {
		t.Fatal(err)
	}
	for uid, want := range map[string]string{"65534": `"Landlock":[1-9]`, "65533": `only root can become another user`} {
		c := exec.Command("setpriv", "--reuid="+uid, "--regid=65534", "--clear-groups", copyOf(t, "/proc/self/exe"))
		c.Env = append(os.Environ(), "SPUR_SANDBOX_ATTEMPT="+string(text))
		out, _ := c.CombinedOutput()
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("as %s: %s", uid, out)
		}
	}
}

// copyOf is a program where every user can run it.
func copyOf(t *testing.T, program string) string {
	t.Helper()
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "program")
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFolders(t *testing.T) {
	h := newHouse(t)
	got := sandbox.Folders(h.key, h.open, h.link, filepath.Join(h.served, "nosuch"))
	if want := []string{h.served, filepath.Dir(h.outside)}; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("folders %v, want %v", got, want)
	}
}

// Where the kernel can't fence a process in, it says what that means.
func TestWeakness(t *testing.T) {
	for want, s := range map[string]sandbox.Status{
		"":               {Landlock: 1},
		"the user 7 may": {Account: sandbox.Account{UID: 7}, Capabilities: []cap.Value{cap.NET_RAW}},
		"root may":       {Account: sandbox.Account{UID: 7}, Capabilities: []cap.Value{cap.DAC_READ_SEARCH}},
	} {
		if got := s.Weakness(); !strings.HasSuffix(got, want) || (want == "") != (got == "") {
			t.Errorf("%+v: %q, want …%q", s, got, want)
		}
	}
}
