package daemon

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/hint"
)

// DHCPMode says how Spur takes part in giving addresses.
type DHCPMode string

// The modes of --dhcp.
const (
	ProxyDHCP   DHCPMode = "proxy"  // addresses come from somebody else's server
	OwnDHCP     DHCPMode = "server" // Spur gives addresses
	WithoutDHCP DHCPMode = "off"    // somebody else's server points at Spur
)

// Config is what `spur boot` and `spur api` have in common.
type Config struct {
	Interfaces []string // none: every interface that can serve
	DHCP       DHCPMode
	Pools      []string // for OwnDHCP: addresses to give, A-B or A-B/bits
	Routers    []netip.Addr
	DNS        []netip.Addr
	Force      bool // give addresses even where another server does
	HTTPPort   uint16
	TFTPPort   uint16
	Data       string   // where leases, keys and caches survive a restart; "" for nowhere
	Loaders    []string // folders to look for bootloaders in, before the distribution's
	Only       []boot.MAC
	Once       bool
	DryRun     bool // stop where serving would begin, and say what would be served

	Logger *slog.Logger // non-nil for --log json; else the story goes to Out
	// Out is written to while machines wait: it must not block (internal/output).
	Out io.Writer
	TTY bool
}

// keyFile is where the key that seals names is kept.
func (c Config) keyFile() string { return filepath.Join(c.Data, "seal.key") }

// Check tells whether the parts of a configuration fit together.
func (c Config) Check() error {
	switch c.DHCP {
	case ProxyDHCP, WithoutDHCP:
		if len(c.Pools) > 0 {
			return hint.New("--pool is only for --dhcp server", "add --dhcp server, or leave --pool out: another DHCP server gives the addresses")
		}
	case OwnDHCP:
		if len(c.Pools) == 0 {
			return hint.New("--dhcp server needs a pool of addresses to give", "name one with --pool, such as --pool 10.0.0.100-10.0.0.200")
		}
	default:
		return hint.New(fmt.Sprintf("--dhcp %s is unknown", c.DHCP), "it is one of proxy, server, off")
	}
	if c.HTTPPort == 0 || c.TFTPPort == 0 {
		return errors.New("port 0 cannot be put into a boot offer")
	}
	return nil
}
