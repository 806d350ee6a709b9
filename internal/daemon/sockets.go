package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/nfs"
)

// sockets are what files are served on: those of every address, or, where the
// operator named interfaces, those of each of them.
type sockets struct {
	config  Config
	exports []exportPort // on which images are exported

	mu      sync.Mutex
	devices []*device
	start   func(*device) // serves one; nil while nothing is served
}

// device are the sockets of one interface; without a name, of all. There is one
// for each version of IP that this host has.
type device struct {
	name  string
	index int
	http  []net.Listener
	https []net.Listener
	tftp  []*net.UDPConn
	mount map[boot.Protocol][]net.Listener // for images that are exported
	end   context.CancelFunc               // of who serves it; nil where nobody does

	portmapTaken bool // by another program
}

// openSockets opens the ports of HTTP, HTTPS and TFTP, and those on which images are exported.
func openSockets(ctx context.Context, c Config, exports []exportPort, interfaces []dhcp.Interface) (*sockets, error) {
	s := &sockets{config: c, exports: exports}
	var err error
	if len(c.Interfaces) > 0 {
		err = s.follow(ctx, interfaces)
	} else {
		err = s.open(ctx, dhcp.Interface{})
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// follow opens sockets on interfaces that came, and ends those on interfaces
// that are gone: a socket that is bound to a device stays bound to that one
// when another is made under its name. One that is down, or has no address for
// now, keeps them, and with them its connections. Without interfaces that were
// named there is nothing to follow.
func (s *sockets) follow(ctx context.Context, interfaces []dhcp.Interface) error {
	if len(s.config.Interfaces) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.devices = slices.DeleteFunc(s.devices, func(d *device) bool {
		gone := !d.exists()
		if gone {
			_ = d.close()
		}
		return gone
	})
	var errs []error
	for _, i := range interfaces {
		if !slices.ContainsFunc(s.devices, func(d *device) bool { return d.index == i.Index }) {
			errs = append(errs, s.open(ctx, i))
		}
	}
	return errors.Join(errs...)
}

func (s *sockets) open(ctx context.Context, i dhcp.Interface) error {
	d := &device{name: i.Name, index: i.Index, mount: map[boot.Protocol][]net.Listener{}}
	err := d.listen(ctx, s.config, s.exports, "4")
	if err == nil {
		err = d.listen(ctx, s.config, s.exports, "6") // what is wrong with both is told once
	}
	if err != nil {
		return errors.Join(err, d.close())
	}
	s.devices = append(s.devices, d)
	if s.start != nil {
		s.start(d)
	}
	return nil
}

// listen opens the sockets of one version of IP. A host without IPv6 has none.
func (d *device) listen(ctx context.Context, c Config, exports []exportPort, ip string) error {
	config := net.ListenConfig{Control: bindTo(d.name)}
	for _, web := range []struct {
		what, flag string
		port       uint16
		to         *[]net.Listener
	}{{"HTTP", "--http-port", c.HTTPPort, &d.http}, {"HTTPS", "--https-port", c.HTTPS.Port, &d.https}} {
		if web.port == 0 {
			continue
		}
		l, err := config.Listen(ctx, "tcp"+ip, ":"+strconv.Itoa(int(web.port)))
		switch {
		case ip == "6" && (errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL)):
			return nil
		case err != nil:
			return refused(err, web.what, web.port, web.flag)
		}
		*web.to = append(*web.to, l)
	}
	for _, e := range exports {
		l, err := config.Listen(ctx, "tcp"+ip, ":"+strconv.Itoa(int(e.port)))
		if err != nil && e.optional {
			d.portmapTaken = d.portmapTaken || e.port == nfs.PortmapPort && ip == "4"
			continue
		}
		if errors.Is(err, unix.EADDRINUSE) {
			return e.inUse()
		}
		if err != nil {
			return refused(err, e.what, e.port, e.flag)
		}
		d.mount[e.over] = append(d.mount[e.over], l)
	}
	udp, err := config.ListenPacket(ctx, "udp"+ip, ":"+strconv.Itoa(int(c.TFTPPort)))
	if err != nil {
		return refused(err, "TFTP", c.TFTPPort, "--tftp-port")
	}
	d.tftp = append(d.tftp, udp.(*net.UDPConn))
	return nil
}

// servers serve a socket each, until the context ends or it fails.
type servers struct {
	web, secure func(context.Context, net.Listener) error
	trivial     func(context.Context, *net.UDPConn) error
	mounted     map[boot.Protocol]func(context.Context, net.Listener) error
}

// serve runs the servers on all sockets, also on those that are opened later,
// until the context ends or one fails. It is ready when all are served.
func (s *sockets) serve(ctx context.Context, by servers, ready func()) error {
	g, ctx := errgroup.WithContext(ctx)
	s.startBy(func(d *device) {
		var own context.Context
		own, d.end = context.WithCancel(ctx)
		for _, l := range d.http {
			g.Go(func() error { return by.web(own, l) })
		}
		for _, l := range d.https {
			g.Go(func() error { return by.secure(own, l) })
		}
		for over, all := range d.mount {
			for _, l := range all {
				g.Go(func() error { return by.mounted[over](own, l) })
			}
		}
		for _, conn := range d.tftp {
			g.Go(func() error { return by.trivial(own, conn) })
		}
	})
	ready()
	<-ctx.Done()
	s.startBy(nil)
	return g.Wait()
}

func (s *sockets) startBy(start func(*device)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.start = start; start == nil {
		return
	}
	for _, d := range s.devices {
		start(d)
	}
}

func (s *sockets) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, d := range s.devices {
		errs = append(errs, d.close())
	}
	return errors.Join(errs...)
}

// close ends who serves the sockets, and closes them.
func (d *device) close() error {
	if d.end != nil {
		d.end()
		return nil // they are closed by those who serve them
	}
	var errs []error
	for _, l := range slices.Concat(d.http, d.https, slices.Concat(slices.Collect(maps.Values(d.mount))...)) {
		errs = append(errs, l.Close())
	}
	for _, conn := range d.tftp {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

// exists tells whether the interface that the sockets are bound to is there.
func (d *device) exists() bool {
	i, err := net.InterfaceByIndex(d.index)
	return err == nil && i.Name == d.name
}

// bindTo makes a socket hear one interface only; "" is every interface.
func bindTo(device string) func(network, address string, c syscall.RawConn) error {
	if device == "" {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		if ctl := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), device) }); ctl != nil {
			return ctl
		}
		return err
	}
}

// rightsAdvice is what to do where the system lets Spur open no socket.
const rightsAdvice = `run it with sudo, or give the program the rights once: sudo setcap cap_net_bind_service,cap_net_raw+ep "$(command -v spur)"`

// refused explains why a port cannot be had.
func refused(err error, what string, port uint16, flag string) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return advice.Wrap(fmt.Errorf("port %d, for %s, is in use by another program", port, what),
			fmt.Sprintf("see which with: ss -tulpn 'sport = :%d'; stop it, or choose another port with %s", port, flag))
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return advice.Wrap(fmt.Errorf("no permission to open port %d for %s", port, what),
			rightsAdvice)
	}
	return fmt.Errorf("open port %d for %s: %w", port, what, err)
}

// portmapTaken tells whether another program has the port of the portmapper.
func (s *sockets) portmapTaken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.devices, func(d *device) bool { return d.portmapTaken })
}
