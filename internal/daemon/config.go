package daemon

import (
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/route"
)

// DHCPMode says how Spur takes part in giving addresses.
type DHCPMode string

// The modes of --dhcp.
const (
	ProxyDHCP   DHCPMode = "proxy"  // addresses come from somebody else's server
	OwnDHCP     DHCPMode = "server" // Spur gives addresses
	WithoutDHCP DHCPMode = "off"    // somebody else's server points at Spur
)

// SecureBoot is what the operator says of Secure Boot on the machines.
type SecureBoot = route.SecureBoot

// Config is what `spur boot` and `spur api` have in common.
type Config struct {
	Interfaces  []string     // none: every interface that can serve
	ServerAddrs []netip.Addr // of this host, to tell machines; none: the one on each machine's network
	DHCP        DHCPMode
	Pools       []pools.Pool // for OwnDHCP: addresses to give
	RA          bool         // send router advertisements on the networks of IPv6 pools
	Routers     []netip.Addr
	DNS         []netip.Addr
	Force       bool   // give addresses even where another server does
	HTTPPort    uint16 // 0: nothing over plain HTTP
	HTTPS       HTTPS
	TFTPPort    uint16
	NFSPort     uint16   // where a system mounts the files of its image over that
	NBDPort     uint16   // where a system mounts its image over that
	ISCSIPort   uint16   // likewise
	Data        string   // where leases, keys and caches survive a restart; "" for nowhere
	Passphrase  string   // the file that has that of the keys of Secure Boot in Data; "" where they have none
	Loaders     []string // folders to look for bootloaders in, before the distribution's
	SecureBoot  SecureBoot
	Loader      string // the name of the one by which alone machines are to boot; "" for any
	// AsBootServer: another server's menu leads machines here, as to a boot server of
	// this type, and Spur makes no offers of its own; 0: it makes them.
	AsBootServer pxe.BootType
	Record       string // the folder in which failed boots are kept; "" for one in Data, "none" for nowhere
	Version      string // of this Spur, for what it keeps
	Only         []boot.MAC
	Once         bool
	forgets      bool   // which machines have booted once is not written down
	DryRun       bool   // stop where serving would begin, and say what would be served
	User         string // whom a Spur of root's becomes; "" for a system user

	Logger *slog.Logger // non-nil for --log json; else the story goes to Out
	// Out is written to while machines wait: it must not block (internal/output).
	Out io.Writer
	TTY bool
}

// lease says who gives machines their addresses over IPv4: we, unless all pools
// are of IPv6.
func (c Config) lease() route.Lease {
	if c.DHCP == OwnDHCP && (len(c.Pools) == 0 || len(pools.Of(c.Pools, false)) > 0) {
		return route.Ours
	}
	return route.Theirs
}

// keyFile is where the key that seals names is kept.
func (c Config) keyFile() string { return filepath.Join(c.Data, "seal.key") }

// asked is what is asked for of the addresses that Spur gives.
func (c Config) asked() pools.Asked {
	return pools.Asked{Pools: c.Pools, Routers: c.Routers, DNS: c.DNS}
}
