package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// namespace is a network namespace with a name, as ip-netns(8) makes them, so
// that `ip netns exec` reaches it too.
type namespace struct {
	name   string
	handle netns.NsHandle
	links  *netlink.Handle
}

func (l *Lab) namespace(role string) (*namespace, error) {
	name := l.mark + "-" + role
	if err := run("ip", "netns", "add", name); err != nil {
		return nil, err
	}
	l.onClose(func() error { return deleteNamespace(name) })
	handle, err := netns.GetFromName(name)
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	l.onClose(handle.Close)
	links, err := netlink.NewHandleAt(handle, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	l.onClose(func() error { links.Close(); return nil })
	return &namespace{name: name, handle: handle, links: links}, nil
}

// deleteNamespace forgets a name; the kernel takes the namespace down with
// everything in it when nobody is in it any more.
func deleteNamespace(name string) error {
	path := filepath.Join(netnsDir, name)
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("namespace %s: %w", name, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("namespace %s: %w", name, err)
	}
	return nil
}

// do runs f in the namespace: on a thread that is in it while f runs.
func (n *namespace) do(f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("this thread's namespace: %w", err)
	}
	defer func() { _ = home.Close() }()
	if err := netns.Set(n.handle); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", n.name, err)
	}
	defer func() {
		// A thread that can't go home must not run anything else: left
		// locked, it ends with its goroutine.
		if netns.Set(home) == nil {
			runtime.UnlockOSThread()
		}
	}()
	return f()
}

// sysctl writes a network setting of the namespace, such as "ipv4/ip_forward".
func (n *namespace) sysctl(key, value string) error {
	return n.do(func() error {
		if err := os.WriteFile(filepath.Join("/proc/sys/net", key), []byte(value), 0o644); err != nil {
			return fmt.Errorf("setting of namespace %s: %w", n.name, err)
		}
		return nil
	})
}

// carrierWait is how long a link may take to come up: it is up as soon as both
// ends are, but the kernel tells so from a queue.
const (
	carrierWait = 5 * time.Second
	carrierPoll = 5 * time.Millisecond
)

// up brings a link up.
func (n *namespace) up(name string) error {
	link, err := n.links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("link %s in %s: %w", name, n.name, err)
	}
	if err := n.links.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring up %s in %s: %w", name, n.name, err)
	}
	return nil
}

// running waits until a link carries frames.
func (n *namespace) running(name string) error {
	for deadline := time.Now().Add(carrierWait); ; time.Sleep(carrierPoll) {
		link, err := n.links.LinkByName(name)
		if err != nil {
			return fmt.Errorf("link %s in %s: %w", name, n.name, err)
		}
		if a := link.Attrs(); a.RawFlags&unix.IFF_RUNNING != 0 && a.OperState != netlink.OperLowerLayerDown {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("link %s in %s: no carrier after %v", name, n.name, carrierWait)
		}
	}
}
