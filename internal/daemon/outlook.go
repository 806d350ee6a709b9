package daemon

import (
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/machinetargets"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/target"
)

// warnRefused warns of what machines with Secure Boot on refuse of a file of machines, and
// says in which row that is.
func (d *daemon) warnRefused(m *machinetargets.Machines) {
	o := outlook.Outlook{Host: d.host}
	seen := map[string]bool{}
	for _, a := range m.Targets() {
		for _, why := range o.Refused(a.Outlook()) {
			if !seen[why] && len(seen) < refusedMost {
				seen[why] = true
				d.notices.warn(strings.TrimPrefix(a.Where+": "+why, ": "))
			}
		}
	}
}

// refusedMost bounds what is said of a file's targets.
const refusedMost = 20

// foretell says what machines will be given, once it is known who else answers them,
// and warns of those that can't be booted.
func (d *daemon) foretell(s *service, l target.Inspected) {
	o := outlook.Outlook{Host: d.host, Proxied: s.offers4 != nil && s.offers4.Proxied()}
	if o.IPv6 = len(d.config.pointers6(d.host)) > 0; s.links6 != nil {
		o.IPv6 = s.links6.surroundings() != ""
	}
	if o.IPv6 {
		d.warnOfIPv6()
	}
	t := l.Outlook()
	for _, w := range slices.Concat(o.WithoutWay(t), o.Refused(t)) {
		d.notices.warn(w)
	}
	d.given, _ = o.Given(t) // that there is a machine for it is known
}
