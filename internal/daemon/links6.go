package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/pools"
)

// links6 keeps what listens to DHCPv6, and what advertises a router, in step with
// the host's interfaces.
type links6 struct {
	names     []string // of the interfaces; none is all
	listener  *dhcp6.Listener
	addresses *dhcp6.Server // nil where another server gives addresses
	router    *dhcp6.Router // nil without router advertisements
	// admit says why Spur must not answer on an interface; nil is all of them.
	admit    func(context.Context, dhcp6.Interface) error
	admitted map[int]bool // by index; one that is missing wasn't looked at
	notices  *notices
	told     string // the last error
	said     string // where Spur answers
}

// follow has everything listen on the interfaces that there are now.
func (l *links6) follow(ctx context.Context) {
	now, err := dhcp6.Look(l.names)
	if err == nil {
		err = l.set(ctx, now.Serving)
	}
	if ctx.Err() == nil {
		l.tell(err)
	}
}

// tell says what is new, once.
func (l *links6) tell(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != l.told && text != "" {
		l.notices.warn(text)
	}
	now := l.surroundings()
	if now != l.said && now != "" {
		l.notices.say(slog.LevelInfo, now, "sub", "dhcp")
	}
	l.told, l.said = text, now
}

func (l *links6) set(ctx context.Context, now []dhcp6.Interface) error {
	if l.addresses != nil {
		l.addresses.Own(now)
	}
	allowed := l.allowed(ctx, now)
	err := l.listener.Set(allowed)
	if l.router != nil {
		err = errors.Join(err, l.router.Set(allowed))
	}
	return err
}

// allowed are the interfaces on which Spur may answer. One that came is looked
// at first, and one that went is forgotten.
func (l *links6) allowed(ctx context.Context, now []dhcp6.Interface) []dhcp6.Interface {
	if l.admit == nil {
		return now
	}
	known := map[int]bool{}
	var all []dhcp6.Interface
	for _, i := range now {
		may, looked := l.admitted[i.Index]
		if !looked {
			err := l.admit(ctx, i)
			if may = err == nil; !may && ctx.Err() == nil {
				l.notices.warn(fmt.Sprintf("Spur answers no DHCPv6 on %s: %v", i.Name, err))
			}
		}
		if known[i.Index] = may; may {
			all = append(all, i)
		}
	}
	l.admitted = known
	return all
}

// surroundings say where machines are answered over IPv6, and who gives them
// addresses; they are empty where that is nowhere.
func (l *links6) surroundings() string {
	on := slices.DeleteFunc(l.listener.Interfaces(), func(i dhcp6.Interface) bool { return len(i.Addrs) == 0 })
	if len(on) == 0 {
		return ""
	}
	text := "Spur answers over IPv6 on " + pools.Describe6(on)
	switch {
	case l.router != nil:
		text += ", and sends router advertisements there"
	case l.addresses == nil:
		text += "; addresses come from the DHCPv6 server there"
	}
	return text + "."
}
