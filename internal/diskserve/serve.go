package diskserve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/san"
)

// Serve serves disks until the context ends. Then what was written is made
// durable. The Config has been checked.
func Serve(ctx context.Context, c Config) error {
	log := &san.Log{Out: c.Out, Logger: c.Logger, Advice: disk.AdviceOnWrite}
	disks, err := c.open(ctx, log)
	switch {
	case err == nil:
		c.warnOfHost(log, "/")
		err = c.serve(ctx, disks, log)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		err = nil // interrupted before it began
	}
	for _, d := range disks {
		err = errors.Join(err, d.FlushAndClose())
	}
	return err
}

// open opens the files, and returns those that it opened with an error too.
func (c *Config) open(ctx context.Context, log *san.Log) ([]*disk.Disk, error) {
	o := c.Options
	o.ReadOnly = o.ReadOnly || c.Over == HTTP
	o.Trouble = func(file string, err error) { tellJournal(log, file, err) }
	var disks []*disk.Disk
	for _, file := range c.Files {
		image := file
		if c.Overlay != "" {
			image, o.Base = c.Overlay, file
		}
		d, err := disk.Open(ctx, image, o)
		if err != nil {
			return disks, c.advise(file, o, err)
		}
		disks = append(disks, d)
		if d.Size() == 0 {
			return disks, advice.New(file+" is empty: a disk without a sector is of no use to anybody",
				"check that it is the file that was meant; truncate -s 10G FILE makes a raw disk of it")
		}
	}
	return disks, nil
}

// advise says what else can be done about a file that can't be served.
func (c *Config) advise(file string, o disk.Options, err error) error {
	var path *fs.PathError
	ofFile := errors.As(err, &path) && path.Path == file
	switch {
	case o.ReadOnly || c.Overlay != "":
		return err
	case errors.As(err, new(diskimage.UnwritableError)):
		return advice.Wrap(err, "add --read-only, or --overlay NEW.qcow2 for what clients write; or copy it: spur disk convert "+file+" NEW.qcow2")
	case ofFile && (errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS)):
		return advice.Wrap(err, advice.Of(err)+"; or, if you may read it, add --overlay NEW.qcow2 for what clients write, or --read-only")
	case ofFile && errors.Is(err, fs.ErrNotExist) && !strings.Contains(file, "://"):
		return advice.Wrap(err, "check the name; spur disk create makes a new one")
	}
	return err
}

// serve exports disks over the protocol.
func (c *Config) serve(ctx context.Context, disks []*disk.Disk, log *san.Log) error {
	volumes, err := c.volumes(disks)
	switch {
	case err != nil:
		return err
	case c.Over == AoE:
		return c.serveAoE(ctx, disks, volumes, log)
	}
	e, err := c.export(ctx, disks, volumes)
	if err != nil {
		return err
	}
	l, err := c.listen(ctx)
	if err != nil {
		return err
	}
	if err := c.confine(disks, log); err != nil {
		return errors.Join(err, l.Close())
	}
	for i, d := range disks {
		at := url.URL{Scheme: e.scheme, Host: reached(l), Path: e.paths[i]}
		tellReady(log, d, c.Over, at.String())
	}
	return e.serve(ctx, l, log)
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
	case errors.Is(err, unix.EADDRNOTAVAIL):
		host, _, _ := net.SplitHostPort(c.Listen)
		return nil, advice.New(host+" is no address of this host", "--listen names one that it has (ip address shows them)")
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
