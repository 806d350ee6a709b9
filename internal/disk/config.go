package disk

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"

	"github.com/spurboot/spur/aoe"
)

// Protocol is what a disk is served over.
type Protocol string

// The protocols.
const (
	ISCSI Protocol = "iscsi"
	AoE   Protocol = "aoe"
	NBD   Protocol = "nbd"
	HTTP  Protocol = "http"
)

// all are the protocols, for people.
const all = "iscsi, aoe, nbd, http"

// ports are those of the protocols; AoE has none.
func ports() map[Protocol]string {
	return map[Protocol]string{ISCSI: "3260", AoE: "", NBD: "10809", HTTP: "8080"}
}

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
	// Interface, Shelf and Slot are where AoE serves it.
	Interface string
	Shelf     uint16
	Slot      uint8
	TLS       TLSFiles
	CHAP      CHAP
	// Out is where people read of sessions, unless there is a Logger.
	Out    io.Writer
	Logger *slog.Logger
}

// Check says what can't go together, and fills in what wasn't said.
func (c *Config) Check() error {
	port, known := ports()[c.Over]
	switch {
	case c.Over == "":
		return errors.New("over which protocol? Give --over: one of " + all)
	case !known:
		return fmt.Errorf("--over %s is unknown; it is one of %s", c.Over, all)
	case c.Overlay != "" && (c.Over == HTTP || c.Options.ReadOnly):
		return errors.New("--overlay is for disks that are written to, not for --read-only or --over http")
	}
	if err := c.checkName(); err != nil {
		return err
	}
	if err := c.checkSecrets(); err != nil {
		return err
	}
	if c.Over == AoE {
		return c.checkAoE()
	}
	return c.checkListen(port)
}

func (c *Config) checkName() error {
	switch {
	case c.Name == "":
		return nil
	case c.Over == ISCSI:
		return checkIQN(c.Name)
	case c.Over == HTTP:
		return errors.New("--name is not for --over http, where any path leads to the disk")
	case c.Over == AoE:
		return errors.New("--name is not for --over aoe, where --shelf and --slot are the disk's address")
	}
	return nil
}

func (c *Config) checkSecrets() error {
	switch {
	case c.Over != NBD && c.TLS != TLSFiles{}:
		return errors.New("--tls-cert, --tls-key and --tls-ca are for --over nbd only")
	case c.Over != ISCSI && c.CHAP != CHAP{}:
		return errors.New("--chap-user and --chap-password-file are for --over iscsi only")
	}
	return errors.Join(c.TLS.check(), c.CHAP.check())
}

func (c *Config) checkAoE() error {
	switch {
	case c.Interface == "":
		return errors.New("on which interface? Give --interface, such as eth0")
	case c.Listen != "":
		return errors.New("--listen is not for --over aoe, which has no addresses; it takes --interface")
	case c.Shelf == aoe.AnyShelf || c.Slot == aoe.AnySlot:
		return fmt.Errorf("--shelf goes up to %d, --slot up to %d", aoe.AnyShelf-1, aoe.AnySlot-1)
	}
	return nil
}

func (c *Config) checkListen(port string) error {
	if c.Interface != "" || c.Shelf != 0 || c.Slot != 0 {
		return errors.New("--interface, --shelf and --slot are for --over aoe only; --listen says where the others serve")
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
