package iscsi

import (
	"net"
	"slices"
)

// sendTargets lists targets with their portal.
func (s *session) sendTargets(c *conn, which string) []pair {
	var names []string
	switch {
	case which == "All" && s.target != nil:
		return []pair{{"SendTargets", rejected}} // Appendix C: discovery only
	case which == "All":
		names = s.srv.Targets.Names(s.info.Initiator)
	case which == "" && s.target != nil:
		names = []string{s.target.Name}
	case slices.Contains(s.srv.Targets.Names(s.info.Initiator), which):
		names = []string{which}
	}
	portal := s.srv.Portal
	if portal == "" {
		portal = portalOf(c.nc.LocalAddr())
	}
	var reply []pair
	for _, name := range names {
		reply = append(reply, pair{"TargetName", name})
		if portal != "" {
			reply = append(reply, pair{"TargetAddress", portal + ",1"})
		}
	}
	return reply
}

// portalOf is the address that the initiator came to.
func portalOf(a net.Addr) string {
	at, ok := a.(*net.TCPAddr)
	if !ok {
		return "" // Appendix C: then the address of the discovery is meant
	}
	// The zone of a link-local address is this host's business.
	return (&net.TCPAddr{IP: at.IP, Port: at.Port}).String()
}
