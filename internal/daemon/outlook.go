package daemon

import (
	"slices"

	"github.com/spurboot/spur/internal/outlook"
)

// foretell says what machines will be given, once it is known who else answers them,
// and warns of those that can't be booted.
func (d *daemon) foretell(s *service, l looked) {
	o := outlook.Outlook{Host: d.host, Proxied: s.offers4 != nil && s.offers4.Proxied()}
	if o.IPv6 = len(d.config.pointers6(d.host)) > 0; s.links6 != nil {
		o.IPv6 = s.links6.surroundings() != ""
	}
	t := l.outlook()
	for _, w := range slices.Concat(o.WithoutWay(t), o.Refused(t)) {
		d.notices.warn(w)
	}
	d.given, _ = o.Given(t) // that there is a machine for it is known
}

// outlook is the target as far as it says which machines can boot.
func (l looked) outlook() outlook.Target {
	t := outlook.Target{Payload: l.payload}
	for _, o := range l.others {
		t.Others = append(t.Others, outlook.ForArch{Arch: o.arch, Payload: o.payload})
	}
	for _, i := range l.items {
		t.Items = append(t.Items, outlook.Item{Title: i.Title, Payload: i.payload})
	}
	return t
}
