package disk

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
)

// Protocol is what a disk is served over.
type Protocol string

// The protocols.
const (
	NBD  Protocol = "nbd"
	HTTP Protocol = "http"
)

// protocols are those that Serve knows, with the port of each.
func protocols() map[Protocol]string { return map[Protocol]string{NBD: "10809", HTTP: "8080"} }

// Config is what Serve is told to do.
type Config struct {
	File    string
	Options Options
	// Overlay takes what is written, if it is set.
	Overlay string
	Over    Protocol
	// Listen is address:port; "" is the loopback and the protocol's port.
	Listen string
	// Name is that of the export or target; "" makes one of the file's.
	Name string
	TLS  TLSFiles
	// Out is where people read of sessions, unless there is a Logger.
	Out    io.Writer
	Logger *slog.Logger
}

// Check says what can't go together.
func (c *Config) Check() error {
	port, known := protocols()[c.Over]
	switch {
	case c.Over == "":
		return errors.New("over which protocol? Give --over: one of nbd, http")
	case !known:
		return fmt.Errorf("--over %s is unknown; it is one of nbd, http", c.Over)
	case c.Overlay != "" && (c.Over == HTTP || c.Options.ReadOnly):
		return errors.New("--overlay is for disks that are written to, not for --read-only or --over http")
	case c.Name != "" && c.Over == HTTP:
		return errors.New("--name is not for --over http, where any path leads to the disk")
	case c.Over != NBD && c.TLS != TLSFiles{}:
		return errors.New("--tls-cert, --tls-key and --tls-ca are for --over nbd only")
	}
	if err := c.TLS.check(); err != nil {
		return err
	}
	if c.Listen == "" {
		c.Listen = net.JoinHostPort("127.0.0.1", port)
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("--listen %q is no address with a port, such as 192.0.2.1:%s", c.Listen, port)
	}
	return nil
}

// title is what a file is called where a name is wanted: its own, without the
// folder.
func title(file string) string {
	return file[strings.LastIndexByte(file, '/')+1:]
}
