package disk

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/hint"
)

// Serve serves a disk until the context ends. Then what was written is made
// durable. The Config has been checked.
func Serve(ctx context.Context, c Config) error {
	d, err := c.open(ctx)
	if err != nil {
		return err
	}
	err = c.serve(ctx, d)
	return errors.Join(err, closeDisk(d))
}

func (c *Config) open(ctx context.Context) (*Disk, error) {
	o := c.Options
	if c.Over == HTTP {
		o.ReadOnly = true
	}
	if c.Overlay != "" {
		return openOverlay(ctx, c.File, c.Overlay, o)
	}
	return Open(ctx, c.File, o)
}

func (c *Config) serve(ctx context.Context, d *Disk) error {
	v := &voice{out: c.Out, log: c.Logger}
	switch c.Over {
	case ISCSI:
		return c.serveISCSI(ctx, d, v)
	case AoE:
		return c.serveAoE(ctx, d, v)
	case NBD:
		return c.serveNBD(ctx, d, v)
	}
	return c.serveHTTP(ctx, d, v)
}

// listen opens the port.
func (c *Config) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", c.Listen)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		_, port, _ := net.SplitHostPort(c.Listen)
		return nil, hint.Wrap(fmt.Errorf("%s is in use by another program", c.Listen),
			fmt.Sprintf("see which with: ss -tlnp 'sport = :%s'; stop it, or choose another port with --listen", port))
	case errors.Is(err, unix.EACCES):
		return nil, hint.Wrap(fmt.Errorf("no permission to listen on %s", c.Listen), "choose a port above 1023 with --listen, or run as root")
	case err != nil:
		return nil, hint.Wrap(fmt.Errorf("listen on %s: %w", c.Listen, err), "--listen names an address of this host")
	}
	return l, nil
}
