package diskserve

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/sandbox"
)

// Protocol is what disks are served over.
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

// mostFiles bounds what is served at once: LUNs that initiators take without
// more than one byte (SAM-5 section 4.7.7.2), and slots of a shelf.
const mostFiles = 255

// ports are those of the protocols; AoE has none.
func ports() map[Protocol]string {
	return map[Protocol]string{ISCSI: "3260", AoE: "", NBD: "10809", HTTP: "8080"}
}

// Config is what Serve is told to do.
type Config struct {
	// Files are the disks: LUNs 0, 1, … of one iSCSI target, slots of a shelf,
	// exports, or paths.
	Files   []string
	Options disk.Options
	// Overlay takes what is written to the only file, if it is set.
	Overlay string
	Over    Protocol
	// Listen is address:port; "" is the loopback and the protocol's port.
	Listen string
	// Name is that of the only export, or of the target; "" makes one of the
	// file's.
	Name string
	// Interface, Shelf and Slot are where AoE serves the first.
	Interface string
	Shelf     uint16
	Slot      uint8
	TLS       TLSFiles
	// CHAP is what initiators prove themselves with, Mutual what they may ask
	// the target to prove itself with.
	CHAP, Mutual CHAP
	// Initiators are the iSCSI names that are let in; none is all.
	Initiators []string
	// BlockSize is the logical one of iSCSI, in bytes; 0 is 512.
	BlockSize int
	// Confine confines this process once all is open, for good, so only a
	// process that does nothing else sets it, to sandbox.Enter. User is whom one
	// of root's becomes; "" is a system user.
	Confine func(sandbox.Policy) (sandbox.Status, error)
	User    string
	// Out is where people read of sessions, unless there is a Logger. Clients
	// wait for what is written to either, so it must not block (internal/output).
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
	case c.Overlay != "" && len(c.Files) > 1:
		return errors.New("--overlay is for one FILE; make the others' with spur disk create --backing, and serve those")
	case len(c.Files) > mostFiles:
		return fmt.Errorf("%d files are too many; %d can be served at once", len(c.Files), mostFiles)
	}
	for _, check := range []func() error{c.checkName, c.checkISCSI, c.checkSecrets, c.checkTitles} {
		if err := check(); err != nil {
			return err
		}
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
		return checkIQN("--name", c.Name)
	case c.Over == HTTP:
		return errors.New("--name is not for --over http, where disks are found by the names of their files")
	case c.Over == AoE:
		return errors.New("--name is not for --over aoe, where --shelf and --slot are the disk's address")
	case len(c.Files) > 1:
		return errors.New("--name is for one FILE; several are exported by the names of their files")
	}
	return nil
}

// checkTitles refuses files that clients couldn't tell apart.
func (c *Config) checkTitles() error {
	if c.Over != NBD && c.Over != HTTP {
		return nil
	}
	seen := map[string]string{}
	for _, file := range c.Files {
		if name := cmp.Or(c.Name, title(file)); printable.Line(name) != name {
			return fmt.Errorf("no client can ask for a disk of the name %s; rename the file, or over nbd say --name", printable.Line(name))
		}
		if other, twice := seen[title(file)]; twice {
			return fmt.Errorf("%s and %s would both be served as %s; rename one, or serve it by a spur of its own", other, file, title(file))
		}
		seen[title(file)] = file
	}
	return nil
}

func (c *Config) checkISCSI() error {
	if c.Over != ISCSI {
		if len(c.Initiators) > 0 || c.BlockSize != 0 {
			return errors.New("--initiator and --block-size are for --over iscsi only")
		}
		return nil
	}
	for _, name := range c.Initiators {
		if err := checkIQN("--initiator", name); err != nil {
			return err
		}
	}
	switch c.BlockSize {
	case 0, 512, 4096:
		return nil
	}
	return fmt.Errorf("--block-size %d is neither 512 nor 4096", c.BlockSize)
}

func (c *Config) checkSecrets() error {
	switch {
	case c.Over != NBD && c.TLS != TLSFiles{}:
		return errors.New("--tls-cert, --tls-key and --tls-ca are for --over nbd only")
	case c.Over != ISCSI && (c.CHAP != CHAP{} || c.Mutual != CHAP{}):
		return errors.New("--chap-user, --chap-password-file and those of --mutual are for --over iscsi only")
	case c.CHAP == CHAP{} && c.Mutual != CHAP{}:
		return errors.New("--mutual-user needs --chap-user: the target proves itself only to who has done so")
	}
	return errors.Join(c.TLS.check(), c.CHAP.check("--chap"), c.Mutual.check("--mutual"))
}

func (c *Config) checkAoE() error {
	switch {
	case c.Interface == "":
		return errors.New("on which interface? Give --interface, such as eth0")
	case c.Listen != "":
		return errors.New("--listen is not for --over aoe, which has no addresses; it takes --interface")
	case c.Shelf == aoe.AnyShelf || c.Slot == aoe.AnySlot:
		return fmt.Errorf("--shelf goes up to %d, --slot up to %d", aoe.AnyShelf-1, aoe.AnySlot-1)
	case int(c.Slot)+len(c.Files) > int(aoe.AnySlot):
		return fmt.Errorf("%d files from --slot %d on go beyond slot %d; begin lower", len(c.Files), c.Slot, aoe.AnySlot-1)
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
	_, asked, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q is no address with a port, such as 192.0.2.1:%s", c.Listen, port)
	}
	if _, err := strconv.ParseUint(asked, 10, 16); err != nil {
		return fmt.Errorf("--listen %s: the port is a number from 1 to 65535, or 0 for any that is free", c.Listen)
	}
	return nil
}

// title is what a file is called where a name is wanted: its own, without the
// folder.
func title(file string) string {
	return file[strings.LastIndexByte(file, '/')+1:]
}

// checkIQN refuses what is no name of targets or initiators.
func checkIQN(flag, name string) error {
	for _, kind := range []string{"iqn.", "eui.", "naa."} {
		if strings.HasPrefix(name, kind) {
			return nil
		}
	}
	return fmt.Errorf("%s %q is no iSCSI name, such as iqn.2026-11.com.example:disk1", flag, name)
}
