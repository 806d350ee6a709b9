package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/route"
)

// offerFlags are the flags that shape what a machine is offered.
type offerFlags struct {
	dhcp      string
	httpPort  uint16
	httpsPort uint16
	tlsCert   string
	tlsKey    string
	acme      daemon.ACME
	tftpPort  uint16
	nbdPort   uint16
	nfsPort   uint16
	iscsiPort uint16
	data      string
	loaders   []string
	secure    string
	loader    string
}

func (f *offerFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint16Var(&f.httpPort, "http-port", 80, "`port` of the HTTP server; 0 for nothing over plain HTTP, with --https-port")
	flags.Uint16Var(&f.httpsPort, "https-port", 0, "`port` of the HTTPS server; 0 for none (default with --tls-cert or --acme: 443)")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "certificate for HTTPS, in a `file` in PEM, RSA for firmware (default: one by an authority of Spur's own, see spur loader ca)")
	flags.StringVar(&f.tlsKey, "tls-key", "", "a `file` with the private key of --tls-cert, in PEM")
	flags.StringVar(&f.acme.Name, "acme", "", "have an ACME server issue the certificate for this `name` of the host; whoever asks for that agrees to the server's terms")
	flags.StringVar(&f.acme.Directory, "acme-directory", "", "the `URL` of the ACME server (default: Let's Encrypt's)")
	flags.StringVar(&f.acme.Email, "acme-email", "", "an `address` that the ACME server may write to")
	flags.Uint16Var(&f.tftpPort, "tftp-port", 69, "`port` of the TFTP server; firmware knows no other than 69")
	flags.Uint16Var(&f.nfsPort, "nfs-port", 2049, "`port` of the NFS server, for --root nfs; ports 111 and 627 are for it as well")
	flags.Uint16Var(&f.nbdPort, "nbd-port", daemon.NBDPort, "`port` of the NBD server, for --root nbd")
	flags.Uint16Var(&f.iscsiPort, "iscsi-port", daemon.ISCSIPort, "`port` of the iSCSI target, for --root iscsi")
	f.addLoaders(flags)
}

// addLoaders adds those that say which loaders machines are given.
func (f *offerFlags) addLoaders(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.loaders, "loaders", nil, "`folders` with bootloaders, looked into before the distribution's")
	flags.StringVar(&f.secure, "secure-boot", "auto", "auto: UEFI machines may have Secure Boot on or off; on: give them only what is signed; off: chains that begin with a shim come last")
	flags.StringVar(&f.loader, "loader", "", "boot machines by this `loader` alone: "+strings.Join(route.LoaderNames(), ", ")+", where none is the firmware itself (default: the best that works)")
}

// https is what the flags say of HTTPS. Who names a certificate wants it served.
func (f *offerFlags) https(cmd *cobra.Command) daemon.HTTPS {
	h := daemon.HTTPS{Port: f.httpsPort, Certificate: f.tlsCert, Key: f.tlsKey, ACME: f.acme}
	if (h.Certificate != "" || h.ACME.Name != "") && !cmd.Flags().Changed("https-port") {
		h.Port = 443
	}
	return h
}

// servingFlags are the flags of every command that answers machines.
type servingFlags struct {
	offerFlags
	interfaces []string
	servers    []string
	pools      []string
	routers    []string
	dns        []string
	ra         bool
	force      bool
	only       []string
	once       bool
	bootServer string
	log        string
	dryRun     bool
	user       string
	passphrase string
	record     string
}

func (f *servingFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVarP(&f.interfaces, "interface", "i", nil, "serve on these `interfaces` only, which may go and come back (default: all that can)")
	flags.StringSliceVar(&f.servers, "server-address", nil, "tell machines this `address` of the host's (default: the one on the machine's network)")
	flags.StringVar(&f.dhcp, "dhcp", "proxy", "`who` gives addresses: proxy: beside the network's DHCP server; server: give addresses; off: files only")
	flags.StringSliceVar(&f.pools, "pool", nil, "`addresses` to give, with --dhcp server: 10.0.0.100-10.0.0.200, or all of 10.0.0.0/24; with /24 behind a range, for a network behind a relay; for IPv6 fd77::50-fd77::99 or fd77::/64")
	flags.StringSliceVar(&f.routers, "router", nil, "`router` to tell machines of, with --dhcp server (default: none)")
	flags.StringSliceVar(&f.dns, "dns", nil, "name `servers` to tell machines of, with --dhcp server")
	flags.BoolVar(&f.ra, "ra", false, "with --dhcp server: send router advertisements for the networks of IPv6 pools, without which machines don't ask over IPv6; only where there is no other router")
	flags.BoolVar(&f.force, "force", false, "with --dhcp server: give addresses even where another DHCP server answers, and --ra beside another router")
	flags.StringSliceVar(&f.only, "only", nil, "answer these machines only: a `MAC`, or several")
	flags.BoolVar(&f.once, "once", false, "boot each machine once; after that, leave it to its disk, with --data also after a restart, until spur machine reset")
	flags.StringVar(&f.bootServer, "as-boot-server", "", "make no offers, and answer machines that another server's PXE menu leads here as to a boot server of this `type`: a number, such as 32770, or a name, such as ris")
	f.offerFlags.add(cmd)
	flags.StringVar(&f.data, "data", "", "`folder` for what survives a restart: leases, the sealing key, which machines have booted once, keys of Secure Boot; fetched files are cached there too")
	flags.StringVar(&f.record, "record", "", "`folder` in which each boot that fails is kept as a small file, the newest 100 (default: failed in the folder of --data); none: nowhere")
	flags.StringVar(&f.passphrase, "passphrase-file", "", "a `file` whose first line is the passphrase of the keys of Secure Boot in --data")
	flags.StringVar(&f.user, "user", "", "the `user` to become once the sockets are open (default: spur or nobody, when started as root)")
	flags.StringVar(&f.log, "log", "text", "text: for people; json: one record a line")
	flags.BoolVar(&f.dryRun, "dry-run", false, "do all that a start does, say what would be served, and stop")
}

// config turns the flags into a value for the daemon.
func (f *servingFlags) config(cmd *cobra.Command) (daemon.Config, error) {
	c := daemon.Config{
		Interfaces: f.interfaces, DHCP: daemon.DHCPMode(f.dhcp), RA: f.ra, Force: f.force, Once: f.once, DryRun: f.dryRun,
		HTTPPort: f.httpPort, HTTPS: f.https(cmd), TFTPPort: f.tftpPort, NFSPort: f.nfsPort, NBDPort: f.nbdPort, ISCSIPort: f.iscsiPort, Data: f.data, Passphrase: f.passphrase, Record: f.record, Version: version(), Loaders: f.loaders, SecureBoot: daemon.SecureBoot(f.secure), Loader: f.loader, User: f.user, Out: cmd.OutOrStdout(),
	}
	for _, s := range f.only {
		mac, err := boot.ParseMAC(s)
		if err != nil {
			return c, usage(cmd, fmt.Errorf("--only: %w", err))
		}
		c.Only = append(c.Only, mac)
	}
	var err error
	if c.ServerAddrs, err = addresses("--server-address", f.servers); err != nil {
		return c, usage(cmd, err)
	}
	if c.Routers, err = addresses("--router", f.routers); err != nil {
		return c, usage(cmd, err)
	}
	if c.DNS, err = addresses("--dns", f.dns); err != nil {
		return c, usage(cmd, err)
	}
	if c.AsBootServer, err = daemon.ParseAsBootServer(f.bootServer); err != nil {
		return c, usageError{err}
	}
	for _, text := range f.pools {
		pool, err := pools.Parse(text)
		if err != nil {
			return c, usageError{err}
		}
		c.Pools = append(c.Pools, pool)
	}
	switch f.log {
	case "text":
		c.TTY = cmd.OutOrStdout() == os.Stdout && term.IsTerminal(int(os.Stdout.Fd()))
	case "json":
	default:
		return c, usage(cmd, fmt.Errorf("--log %s is unknown; it is text or json", f.log))
	}
	if err := c.Check(); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// serve runs a daemon.
func (f *servingFlags) serve(cmd *cobra.Command, c daemon.Config, run func(daemon.Config) error) error {
	return serve(cmd, f.log == "json", func(out io.Writer, logger *slog.Logger) error {
		c.Out, c.Logger = out, logger
		return run(c)
	})
}

func addresses(flag string, texts []string) ([]netip.Addr, error) {
	var all []netip.Addr
	for _, text := range texts {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Is4In6() || a.Zone() != "" {
			return nil, fmt.Errorf("%s: %q is no IP address", flag, text)
		}
		all = append(all, a)
	}
	return all, nil
}
