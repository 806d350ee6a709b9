package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/explain"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/machinetargets"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/target"
)

// Explain says, without a machine and without opening a socket, how a client
// would get to a target.
func Explain(ctx context.Context, c Config, t target.Target, q explain.Question) error {
	key, example, err := c.readKey()
	if err != nil {
		return err
	}
	l, host, err := c.examine(ctx, t)
	if err != nil {
		return err
	}
	return c.explain(ctx, l, host, key, example, q)
}

// ExplainMachines says how a client would get to what a file of machines names for it.
func ExplainMachines(ctx context.Context, c Config, f machinetargets.File, q explain.Question) error {
	key, example, err := c.readKey()
	if err != nil {
		return err
	}
	return c.withMachines(ctx, f, func(m *machinetargets.Machines, host route.Host) error {
		if where := m.ByMAC(q.Client); q.AnyMAC && where != "" {
			return advice.Misused(advice.New(where+" may be about this machine by its MAC, which isn't given", "add --mac"))
		}
		for _, line := range m.About(q.Client) {
			fmt.Fprintln(c.Out, printable.Text(line))
		}
		found := m.Find(q.Client)
		if found.Assigned == nil {
			return advice.New(fmt.Sprintf("no row of %s is about this machine, and it is left alone", f.Path), `add one, or a last row mac: "*", or name a KERNEL for such machines`)
		}
		return c.explain(ctx, found.Inspected, host, key, example, q)
	})
}

// ExplainRows says of each row of a file of machines by which route machines of a client's
// kind would boot what it names.
func ExplainRows(ctx context.Context, c Config, f machinetargets.File, client boot.Client) error {
	return c.withMachines(ctx, f, func(m *machinetargets.Machines, host route.Host) error {
		o := outlook.Outlook{Host: host, Proxied: c.lease() == route.Theirs}
		client := o.Asks(client)
		lines := []string{"Target   " + m.Summary(), fmt.Sprintf("Client   %s, %s, %s speaking", client.Platform(), strings.ToUpper(string(client.Proto)), outlook.Speaker(client))}
		lines = append(lines, m.RowLines(rowLinesMost, func(r machinetargets.Row) []string {
			return []string{"  " + wayOf(r, client, host)}
		})...)
		for _, line := range append(lines, "--mac, --uuid or --serial names a machine, and shows how it boots in full") {
			fmt.Fprintln(c.Out, printable.Line(line))
		}
		return nil
	})
}

// wayOf says by which route machines of a kind that a row is about would boot.
func wayOf(r machinetargets.Row, c boot.Client, host route.Host) string {
	if !r.IsFor(c) {
		return "not for such machines"
	}
	ladder := route.Routes(c, r.On(c).Payload, host)
	if len(ladder.Routes) == 0 {
		return "no route can be taken: " + ladder.Obstacle(c)
	}
	best := ladder.Routes[0]
	return fmt.Sprintf("%s: %s over %s", best.Name, best.Give, strings.ToUpper(string(best.Via)))
}

// withMachines reads a file of machines and looks into its targets.
func (c Config) withMachines(ctx context.Context, f machinetargets.File, do func(*machinetargets.Machines, route.Host) error) error {
	host, err := c.findHost()
	if err != nil {
		return err
	}
	cache, err := fetch.New(fetch.Options{})
	if err != nil {
		return err
	}
	defer cache.Close()
	disks := rawdisk.New("", c.say)
	defer disks.Close()
	f.Host, f.Open, f.Surroundings = host, openURL(cache), c.surroundings()
	m, err := f.Read(ctx, target.Upstream{Open: lookURL(cache), Say: c.say, Disks: disks}, machinetargets.NewItemNumbers(), nil)
	if err != nil {
		return err
	}
	defer m.Close()
	return do(m, host)
}

// explain says how a client would get to a target that was looked into.
func (c Config) explain(ctx context.Context, l target.Inspected, host route.Host, key *seal.Key, example string, q explain.Question) error {
	locked, err := c.lockedKey()
	if err != nil {
		return err
	}
	l = l.On(q.Client)
	if q.Item != "" {
		if l, q.Client.Item, err = l.Chosen(q.Item); err != nil {
			return err
		}
	}
	l.Warnings = append(l.Warnings, slices.DeleteFunc([]string{example, locked, overIPv6(l, q.Client)}, func(s string) bool { return s == "" })...)
	named := c.tree(key, host)
	switch {
	case c.HTTPS.ACME.Name != "":
		named.HTTPSHost = func(netip.Addr) string { return c.HTTPS.ACME.Name }
	case c.HTTPS.Certificate != "":
		files, err := c.HTTPS.fromFiles()
		if err != nil {
			return err
		}
		named.HTTPSHost = files.Host
	}
	return explain.Boot(ctx, c.Out, explain.Spur{Tree: named, Lease: c.lease()}, explain.Target{
		About: l.Description(), Items: l.Items(), LeftOut: l.LeftOut(), Warnings: l.Warnings, Payload: l.Payload, Resolver: l.Resolver(), Menu: l.Menu(),
	}, q)
}

// say tells people what is waited for.
func (c Config) say(line string) { fmt.Fprintln(c.Out, line) }

// examine looks into a target as a start does, and for what this host has.
func (c Config) examine(ctx context.Context, t target.Target) (target.Inspected, route.Host, error) {
	host, err := c.findHost()
	if err != nil {
		return target.Inspected{}, route.Host{}, err
	}
	cache, err := fetch.New(fetch.Options{})
	if err != nil {
		return target.Inspected{}, route.Host{}, err
	}
	defer cache.Close()
	disks := rawdisk.New("", c.say)
	defer disks.Close()
	l, err := t.Inspect(ctx, target.Upstream{Open: lookURL(cache), Say: c.say, Disks: disks, Lists: true})
	if err != nil {
		return target.Inspected{}, route.Host{}, err
	}
	files, err := l.ScriptFiles(openURL(cache))
	if err != nil {
		return target.Inspected{}, route.Host{}, err
	}
	if files != nil {
		defer files.Close()
	}
	return l, host, l.FindLoaded(ctx, files, host)
}

// Bootable tells, without a machine, what keeps a client from being booted into
// a target; nil where nothing does. Without a kernel the target is one that
// fits.
func Bootable(ctx context.Context, c Config, t target.Target, client boot.Client) error {
	host, err := c.findHost()
	l := target.Inspected{Payload: boot.Payload{Content: boot.Linux{}}}
	if t.Kernel != "" && err == nil {
		l, host, err = c.examine(ctx, t)
	}
	if err != nil {
		return err
	}
	if l = l.On(client); l.Menu() != nil && client.Proto == boot.PXE {
		return nil // a machine is shown the items that it can boot, and others' servers
	}
	if ladder := route.Routes(client, l.Payload, host); len(ladder.Routes) == 0 {
		return outlook.NoRoute(client, ladder, l.Payload, host, "; spur explain says what is in the way of each route")
	}
	return nil
}

// readKey reads the key of the Spur that uses the folder Data, whether or not
// it runs, and writes nothing there. Without a folder the key is a new one; so it is
// where no Spur has kept one yet, which example then says.
func (c Config) readKey() (key *seal.Key, example string, err error) {
	if c.Data == "" {
		return seal.NewKey(), "", nil
	}
	key, err = seal.ReadKey(c.keyFile())
	switch {
	case err == nil:
		return key, "", nil
	case errors.Is(err, fs.ErrNotExist):
		return seal.NewKey(), fmt.Sprintf("no Spur has kept its key in the folder %s: the names of files are examples", c.Data), nil
	case errors.Is(err, fs.ErrPermission):
		return nil, "", advice.Wrap(err, "run as the user that the Spur of that folder runs as")
	case errors.Is(err, syscall.ENOTDIR):
		return nil, "", advice.New(c.Data+" is no folder", "name the folder that spur boot or spur api has as --data, or leave --data out")
	}
	return nil, "", advice.Or(err, keyAdvice)
}
