package daemon

import (
	"slices"

	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/target"
)

// foretell says what machines will be given, once it is known who else answers them,
// and warns of those that can't be booted.
func (d *daemon) foretell(s *service, l target.Inspected) {
	o, t := d.outlook(s), l.Outlook()
	for _, w := range slices.Concat(o.WithoutWay(t), o.Refused(t)) {
		d.notices.warn(w)
	}
	d.given, _ = o.Given(t) // that there is a machine for it is known
}

// outlook is what is known of boots once it is known who else answers machines.
func (d *daemon) outlook(s *service) outlook.Outlook {
	o := outlook.Outlook{Host: d.host, Proxied: s.offers4 != nil && s.offers4.Proxied()}
	if o.IPv6 = len(d.config.pointers6(d.host)) > 0; s.links6 != nil {
		o.IPv6 = s.links6.surroundings() != ""
	}
	if o.IPv6 {
		d.warnOfIPv6()
	}
	return o
}
