package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/hint"
)

// sockets are what files are served on.
type sockets struct {
	http []net.Listener
	tftp []*net.UDPConn
}

// openSockets opens the HTTP and TFTP ports: on every address, or, where the
// operator named interfaces, on those only.
func openSockets(ctx context.Context, c Config, interfaces []dhcp.Interface) (*sockets, error) {
	s := &sockets{}
	devices := []string{""}
	if len(c.Interfaces) > 0 {
		devices = nil
		for _, i := range interfaces {
			devices = append(devices, i.Name)
		}
	}
	for _, device := range devices {
		if err := s.open(ctx, device, c); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *sockets) open(ctx context.Context, device string, c Config) error {
	config := net.ListenConfig{Control: bindTo(device)}
	tcp, err := config.Listen(ctx, "tcp4", ":"+strconv.Itoa(int(c.HTTPPort)))
	if err != nil {
		return refused(err, "HTTP", c.HTTPPort, "--http-port")
	}
	s.http = append(s.http, tcp)
	udp, err := config.ListenPacket(ctx, "udp4", ":"+strconv.Itoa(int(c.TFTPPort)))
	if err != nil {
		return refused(err, "TFTP", c.TFTPPort, "--tftp-port")
	}
	s.tftp = append(s.tftp, udp.(*net.UDPConn))
	return nil
}

func (s *sockets) close() error {
	var errs []error
	for _, l := range s.http {
		errs = append(errs, l.Close())
	}
	for _, c := range s.tftp {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
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

// refused explains why a port cannot be had.
func refused(err error, what string, port uint16, flag string) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return hint.Wrap(fmt.Errorf("port %d, for %s, is in use by another program", port, what),
			fmt.Sprintf("see which with: ss -tulpn 'sport = :%d'; stop it, or choose another port with %s", port, flag))
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return hint.Wrap(fmt.Errorf("no permission to open port %d for %s", port, what),
			"run as root, or give the binary CAP_NET_BIND_SERVICE and CAP_NET_RAW")
	}
	return fmt.Errorf("open port %d for %s: %w", port, what, err)
}
