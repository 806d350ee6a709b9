package daemon

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nfs"
	"github.com/spurboot/spur/internal/target"
)

// exportPort is a port on which images are exported that systems mount.
type exportPort struct {
	over       boot.Protocol
	what, flag string
	port       uint16
	// optional: where another program has the port, machines boot that need it not.
	optional bool
	// usual is the one on which a system looks that is told none; 0 where it asks for it.
	usual uint16
	// rival is the program of other hosts' that has this port, and how it is stopped.
	rival string
	// untold is an image whose system can't be told the port; empty for none.
	untold string
}

// The ports of protocols by which images are exported (IANA).
const (
	NBDPort   = 10809
	ISCSIPort = 3260
)

// exportPorts are those of the protocols that are among some, of which images are exported.
func (c Config) exportPorts(served []boot.Protocol, images []boot.File) []exportPort {
	all := []exportPort{
		{over: boot.NFS, what: "NFS", flag: "--nfs-port", port: c.NFSPort, rival: "the kernel's NFS server, which ss shows without a name, by: systemctl stop nfs-server"},
		{over: boot.NFS, what: "NFS's portmapper", port: nfs.PortmapPort, optional: true},
		{over: boot.NFS, what: "NFS's mount protocol", port: nfs.MountPort, optional: true},
		{over: boot.NBD, what: "NBD", flag: "--nbd-port", port: c.NBDPort, usual: NBDPort, rival: "nbd-server by: systemctl stop nbd-server"},
		{over: boot.ISCSI, what: "iSCSI", flag: "--iscsi-port", port: c.ISCSIPort, usual: ISCSIPort, rival: "the kernel's target, which ss shows without a name, by: systemctl stop target; tgt by: systemctl stop tgt"},
	}
	all = slices.DeleteFunc(all, func(p exportPort) bool {
		return !slices.Contains(served, p.over) || p.optional && p.port == c.NFSPort
	})
	for n := range all {
		all[n].untold = untold(images, all[n].over)
	}
	return all
}

// untold is an image whose system mounts it over a protocol and can't be told the port; empty
// for none.
func untold(files []boot.File, over boot.Protocol) string {
	for _, f := range files {
		told := f
		told.Told.Word = boot.ExportPort
		if f.Told.Over == over && f.Told.Word == boot.ExportName && !slices.Contains(files, told) {
			return f.Base()
		}
	}
	return ""
}

// exportPorts are those of what is booted.
func (d *daemon) exportPorts() []exportPort {
	return d.config.exportPorts(d.exports, d.exported)
}

// checkPorts refuses one port for two servers, before another program would be blamed for it.
func (c Config) checkPorts(exported []exportPort) error {
	all := []exportPort{{what: "HTTP", flag: "--http-port", port: c.HTTPPort}, {what: "HTTPS", flag: "--https-port", port: c.HTTPS.Port}}
	all = append(all, exported...)
	for n, p := range all {
		at := slices.IndexFunc(all[:n], func(other exportPort) bool { return other.port == p.port && p.port != 0 })
		if at >= 0 {
			return advice.Misused(alike(all[at], p))
		}
	}
	return nil
}

// alike says that two servers have one port.
func alike(a, b exportPort) error {
	if a.optional {
		a, b = b, a
	}
	if b.optional {
		return advice.New(fmt.Sprintf("%s %d is the port of %s, which systems look for there", a.flag, a.port, b.what), "choose another port with "+a.flag)
	}
	return advice.New(fmt.Sprintf("%s and %s are the same port, %d", a.flag, b.flag, a.port), "choose another one for one of them")
}

// warnOfPorts warns of systems that can't be told on which port their image is, where it isn't
// the usual one, or where who tells the port is another program.
func (d *daemon) warnOfPorts(portmapTaken bool) {
	for _, p := range d.exportPorts() {
		if p.usual != 0 && p.port != p.usual && p.untold != "" {
			d.notices.warn(fmt.Sprintf("the system of %s can't be told a port, and looks for its image over %s on port %d; leave %s out, or choose another --root", p.untold, p.what, p.usual, p.flag))
		}
		if who := p.askingPortmap(d.config); who != "" && portmapTaken {
			d.notices.warn(fmt.Sprintf("port %d is taken by another program (rpcbind?), and %s; stop that program (systemctl stop rpcbind.socket rpcbind), or choose another --root", p.port, who))
		}
	}
}

// askingPortmap says what asks the portmapper where that is; empty for nothing. Without another
// NFS server beside Spur klibc's nfsmount goes on when no portmapper knows the mount protocol
// (its get_ports).
func (p exportPort) askingPortmap(c Config) string {
	switch {
	case p.port != nfs.PortmapPort || !p.optional:
		return ""
	case p.untold != "":
		return fmt.Sprintf("the system of %s, which can't be told the port of NFS, asks there for it", p.untold)
	case c.NFSPort != nfs.DefaultPort:
		return "klibc's nfsmount, by which Debian's live systems mount, asks there for the mount protocol, which another NFS server of this host may have there"
	}
	return ""
}

// warnOfIPv6 warns of systems that don't mount their image over IPv6.
func (d *daemon) warnOfIPv6() {
	if text := overIPv4Alone(d.exported); text != "" {
		d.notices.warn(text + ": machines that boot over IPv6 don't find it; boot these over IPv4, or choose another --root")
	}
}

// overIPv4Alone names an image that is mounted over IPv4 alone; empty for none.
func overIPv4Alone(files []boot.File) string {
	for _, f := range files {
		if f.Told.IPv4 {
			return fmt.Sprintf("the system of %s mounts it over %s by IPv4 alone", f.Base(), strings.ToUpper(string(f.Told.Over)))
		}
	}
	return ""
}

// overIPv6 says what keeps a client that boots over IPv6 from its image; empty for nothing.
func overIPv6(l target.Inspected, c boot.Client) string {
	if text := overIPv4Alone(l.Payload.Files()); text != "" && c.IPv6 {
		return text + ", and this machine boots over IPv6"
	}
	return ""
}

// inUse explains that another program has the port.
func (p exportPort) inUse() error {
	what := fmt.Sprintf("port %d, for %s, is in use by another program", p.port, p.what)
	remedy := fmt.Sprintf("see which with: ss -tulpn 'sport = :%d'; stop it (%s), or choose ", p.port, p.rival)
	switch {
	case p.untold != "" && p.usual != 0:
		return advice.New(what, remedy+fmt.Sprintf("another --root: the system of %s looks on no other port", p.untold))
	case p.untold != "":
		return advice.New(what, remedy+fmt.Sprintf("another --root: with another port the system of %s still asks whom it finds on port %d", p.untold, nfs.PortmapPort))
	}
	return advice.New(what, remedy+"another port with "+p.flag)
}

// mountPorts are those on which images are exported over a protocol.
func (s *sockets) mountPorts(over boot.Protocol) (all []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		for _, l := range d.mount[over] {
			if a, ok := l.Addr().(*net.TCPAddr); ok && !slices.Contains(all, a.Port) {
				all = append(all, a.Port)
			}
		}
	}
	return all
}

// mountLines say on which ports systems find their images.
func (s *sockets) mountLines() []string {
	var over []string
	for _, p := range s.exports {
		if p.optional {
			continue
		}
		ports := s.mountPorts(p.over)
		text := fmt.Sprintf("%s on port %d", p.what, p.port)
		if more := slices.DeleteFunc(ports, func(n int) bool { return n == int(p.port) }); len(more) > 0 {
			text += fmt.Sprintf(" (besides %s)", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(more)), " and "), "[]"))
		}
		over = append(over, text)
	}
	if len(over) == 0 {
		return nil
	}
	return []string{"Systems mount their images from it over " + strings.Join(over, ", ") + "."}
}

// mountFacts are the ports of each protocol for a record; 0 where it isn't served.
func (s *sockets) mountFacts() []any {
	facts := []any{"nfs", 0, "nbd", 0, "iscsi", 0}
	for _, p := range s.exports {
		if at := slices.Index(facts, any(string(p.over))); !p.optional && at >= 0 {
			facts[at+1] = int(p.port)
		}
	}
	return facts
}
