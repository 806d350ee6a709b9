package disk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/advice"
)

// Serve serves disks until the context ends. Then what was written is made
// durable. The Config has been checked.
func Serve(ctx context.Context, c Config) error {
	v := &voice{out: c.Out, log: c.Logger}
	disks, err := c.open(ctx, v)
	switch {
	case err == nil:
		c.warnOfHost(v, "/")
		err = c.serve(ctx, disks, v)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		err = nil // interrupted before it began
	}
	for _, d := range disks {
		err = errors.Join(err, closeDisk(d))
	}
	return err
}

// open opens the files, and returns those that it opened with an error too.
func (c *Config) open(ctx context.Context, v *voice) ([]*Disk, error) {
	o := c.Options
	o.trouble = v.journal
	if c.Over == HTTP {
		o.ReadOnly = true
	}
	var disks []*Disk
	for _, file := range c.Files {
		open := Open
		if c.Overlay != "" {
			open = func(ctx context.Context, base string, o Options) (*Disk, error) {
				return openOverlay(ctx, base, c.Overlay, o)
			}
		}
		d, err := open(ctx, file, o)
		if err != nil {
			return disks, c.explainServed(file, o, err)
		}
		disks = append(disks, d)
		if d.Size() == 0 {
			return disks, advice.New(file+" is empty: a disk without a sector is of no use to anybody",
				"check that it is the file that was meant; truncate -s 10G FILE makes a raw disk of it")
		}
	}
	return disks, nil
}

// explainServed says what else can be done about a file that can't be served.
func (c *Config) explainServed(file string, o Options, err error) error {
	switch {
	case o.ReadOnly || c.Overlay != "":
		return err
	case errors.As(err, new(diskimage.UnwritableError)):
		return advice.Wrap(err, "add --read-only, or --overlay NEW.qcow2 for what clients write; or copy it: spur disk convert "+file+" NEW.qcow2")
	case refused(file, err):
		return advice.Wrap(err, toWrite(err)+"; or, if you may read it, add --overlay NEW.qcow2 for what clients write, or --read-only")
	case missing(file, err) && !strings.Contains(file, "://"):
		return advice.Wrap(err, "check the name; spur disk create makes a new one")
	}
	return err
}

func (c *Config) serve(ctx context.Context, disks []*Disk, v *voice) error {
	switch c.Over {
	case ISCSI:
		return c.serveISCSI(ctx, disks, v)
	case AoE:
		return c.serveAoE(ctx, disks, v)
	case NBD:
		return c.serveNBD(ctx, disks, v)
	}
	return c.serveHTTP(ctx, disks, v)
}

// listen opens the port.
func (c *Config) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", c.Listen)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		_, port, _ := net.SplitHostPort(c.Listen)
		return nil, advice.Wrap(fmt.Errorf("%s is in use by another program", c.Listen),
			fmt.Sprintf("see which with: ss -tlnp 'sport = :%s'; stop it, or choose another port with --listen", port))
	case errors.Is(err, unix.EACCES):
		return nil, advice.Wrap(fmt.Errorf("no permission to listen on %s", c.Listen), "choose a port above 1023 with --listen, or run as root")
	case err != nil:
		return nil, advice.Wrap(fmt.Errorf("listen on %s: %w", c.Listen, err), "--listen names an address of this host")
	}
	return l, nil
}

// reached is an address by which others reach a listener: where it listens on
// all of the host's, one of those.
func reached(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return l.Addr().String()
	}
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return net.JoinHostPort(n.IP.String(), port)
		}
	}
	return net.JoinHostPort("127.0.0.1", port)
}
