package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pools"
)

// links keeps what listens in step with the host's interfaces, which come, go
// and change their addresses while Spur runs.
type links struct {
	watcher   *dhcp.Watcher
	first     []dhcp.Interface // those that Spur began with
	listener  *dhcp.Listener   // nil where Spur takes no part in DHCP
	sockets   *sockets
	notices   *notices
	addresses *dhcp.Server // nil where another server gives addresses
	// admit says why Spur must not answer DHCP on an interface that comes; nil
	// is all of them.
	admit  func(context.Context, dhcp.Interface) error
	barred map[int]bool      // by index
	told   map[string]string // the last error of each that listens
	// explore shows the listener on which of an interface's networks the DHCP
	// server gives addresses; nil where that doesn't matter.
	explore   func(context.Context, dhcp.Interface)
	exploring sync.WaitGroup
	links6    *links6 // nil where Spur takes no part in DHCP
}

// links are those of a service.
func (d *daemon) links(s *service) *links {
	l := &links{watcher: s.watcher, first: s.interfaces, listener: s.listener, sockets: s.sockets, notices: d.notices, links6: s.links6}
	if s.offers4 != nil && s.offers4.Addresses != nil {
		l.addresses, l.admit = s.offers4.Addresses, d.admit(s.offers4.Addresses)
	}
	if s.offers4 != nil && s.offers4.Addresses == nil && len(pools.Addrs(d.config.ServerAddrs, false)) == 0 {
		// The listener hears the answers itself. A probe that fails tells nothing.
		l.explore = func(ctx context.Context, i dhcp.Interface) { _, _ = dhcp.Probe(ctx, i) }
	}
	return l
}

func (l *links) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer l.exploring.Wait()
	defer cancel()
	l.barred, l.told = map[int]bool{}, map[string]string{}
	for _, i := range l.first {
		l.ask(ctx, i)
	}
	return l.watcher.Run(ctx, dhcp.Survey{Serving: l.first}, func(now dhcp.Survey, changes []dhcp.Change) {
		l.follow(ctx, now.Serving, changes)
	})
}

// ask explores an interface with several networks, so that also the first
// machine on it is told an address that it can reach.
func (l *links) ask(ctx context.Context, i dhcp.Interface) {
	if l.explore != nil && i.Networks() > 1 {
		l.exploring.Go(func() { l.explore(ctx, i) })
	}
}

// follow has everything listen on the interfaces that there are now.
func (l *links) follow(ctx context.Context, now []dhcp.Interface, changes []dhcp.Change) {
	for _, c := range changes {
		l.notices.interfaceChanged(c)
		if c.Kind != dhcp.Went {
			defer l.ask(ctx, c.Interface) // when it is listened on
		}
		if c.Kind != dhcp.Came && c.Kind != dhcp.Remade || l.admit == nil {
			continue
		}
		err := l.admit(ctx, c.Interface)
		if l.barred[c.Interface.Index] = err != nil; err != nil && ctx.Err() == nil {
			l.notices.warn(fmt.Sprintf("Spur answers no DHCP on %s: %v", c.Interface.Name, err))
		}
	}
	if l.addresses != nil {
		l.addresses.Own(now)
	}
	if l.listener != nil {
		l.failed("dhcp", l.listener.Set(l.allowed(now)))
	}
	if l.links6 != nil {
		l.links6.follow(ctx)
	}
	l.failed("files", l.sockets.follow(ctx, l.sockets.config.withIPv6(now)))
}

// failed tells of an error once, however often it is tried again.
func (l *links) failed(what string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != l.told[what] && text != "" {
		l.notices.warn(text)
	}
	l.told[what] = text
}

func (l *links) allowed(now []dhcp.Interface) []dhcp.Interface {
	var all []dhcp.Interface
	for _, i := range now {
		if !l.barred[i.Index] {
			all = append(all, i)
		}
	}
	return all
}

// interfaceChanged tells of an interface that is not what it was.
func (v *notices) interfaceChanged(c dhcp.Change) {
	level, line := slog.LevelInfo, fmt.Sprintf("Spur serves %s now", pools.Describe([]dhcp.Interface{c.Interface}))
	switch c.Kind {
	case dhcp.Came:
		line += "."
	case dhcp.Remade:
		line += ": it was removed and made again."
	case dhcp.Readdressed:
		line += ": its addresses have changed."
	case dhcp.Went:
		reason := c.Reason
		if reason == nil {
			reason = fmt.Errorf("interface %s is gone", c.Interface.Name)
		}
		level, line = slog.LevelWarn, fmt.Sprintf("warning: %v; Spur goes on when it is back", reason)
	}
	v.say(level, line, "sub", "dhcp", "step", "interface-"+string(c.Kind), "if", c.Interface.Name)
}
