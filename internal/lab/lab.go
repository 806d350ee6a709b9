package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Options of a Lab. The zero value is good.
type Options struct {
	// Dir keeps logs, screens and captures after Close. By default they are
	// below the temporary folder and go with the lab.
	Dir string

	// Offload leaves checksums and segmentation to the (virtual) network
	// cards. It is faster, but the checksums in captures are unfinished.
	Offload bool

	// Ended hears of each program of the lab that has ended, from a goroutine
	// of that program's.
	Ended func(Ended)
}

// A Lab owns wires, hosts, machines and processes, and takes all of them away
// when it is closed.
type Lab struct {
	options Options
	mark    string // names everything that is ours: spur-<pid>-<n>
	private string // folder of sockets and the like, removed on Close
	dir     string // folder of logs
	starter *deathSignalStarter

	mu       sync.Mutex
	names    map[string]bool
	machines int
	cleanup  []func() error
	closed   bool

	closeOnce sync.Once
	closeErr  error
}

// New makes an empty lab. It needs root. When ctx ends the lab closes by
// itself; call Close all the same, to wait for that. What labs of dead
// processes left behind is removed first.
func New(ctx context.Context, options Options) (*Lab, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a lab makes network namespaces, which this user may not")
	}
	if _, err := tool("ip"); err != nil {
		return nil, err
	}
	if err := CleanUp(); err != nil {
		return nil, err
	}
	mark, private, err := claim(os.TempDir(), os.Getpid())
	if err != nil {
		return nil, err
	}
	l := &Lab{options: options, mark: mark, private: private, dir: private,
		starter: newDeathSignalStarter(), names: map[string]bool{}}
	if options.Dir != "" {
		l.dir = options.Dir
		if err := os.MkdirAll(l.dir, 0o755); err != nil {
			return nil, errors.Join(fmt.Errorf("folder for the lab's logs: %w", err), l.Close())
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	l.onClose(func() error { stop(); return nil })
	return l, nil
}

// maxLabs bounds the labs of one process.
const maxLabs = 1000

// claim finds a name that no other lab has: making the folder decides.
func claim(parent string, pid int) (mark, dir string, err error) {
	for n := range maxLabs {
		mark = labName(pid, n)
		dir = filepath.Join(parent, mark)
		switch err = os.Mkdir(dir, 0o755); {
		case err == nil:
			return mark, dir, nil
		case !errors.Is(err, os.ErrExist):
			return "", "", fmt.Errorf("folder of the lab: %w", err)
		}
	}
	return "", "", fmt.Errorf("%d labs in one process: close some", maxLabs)
}

// Dir is where logs, screens and captures are written.
func (l *Lab) Dir() string { return l.dir }

// take reserves a name for a wire, host or machine of this lab.
func (l *Lab) take(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return errClosed
	case !validName(name):
		return fmt.Errorf("name %q: use small letters, digits and dashes, at most 32", name)
	case l.names[name]:
		return fmt.Errorf("name %q is taken in this lab", name)
	}
	l.names[name] = true
	return nil
}

func validName(name string) bool {
	if name == "" || len(name) > 32 {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// onClose has f called on Close, the latest first. On a lab that is closed
// already it is called at once.
func (l *Lab) onClose(f func() error) {
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.cleanup = append(l.cleanup, f)
	}
	l.mu.Unlock()
	if closed {
		_ = f()
	}
}

// Close ends every process and removes everything the lab made. It may be
// called more than once, and returns when all is gone.
func (l *Lab) Close() error {
	l.closeOnce.Do(func() {
		l.mu.Lock()
		l.closed = true
		todo := l.cleanup
		l.cleanup = nil
		l.mu.Unlock()
		var errs []error
		for i := len(todo) - 1; i >= 0; i-- {
			errs = append(errs, todo[i]())
		}
		l.starter.close()
		killMarked(l.mark) // what callers started by Command and left
		errs = append(errs, os.RemoveAll(l.private))
		l.closeErr = errors.Join(errs...)
	})
	return l.closeErr
}

// run runs a short program to its end.
func run(name string, args ...string) error {
	path, err := tool(name)
	if err != nil {
		return err
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %q: %w: %s", name, args, err, out)
	}
	return nil
}
