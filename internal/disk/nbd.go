package disk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/spurboot/spur/nbd"
)

// serveNBD serves disks as exports, each to any number of clients at once.
func (c *Config) serveNBD(ctx context.Context, disks []*Disk, v *voice) error {
	tls, err := c.TLS.config()
	if err != nil {
		return err
	}
	l, err := c.listen(ctx)
	if err != nil {
		return err
	}
	if err := c.confine(disks, v); err != nil {
		return errors.Join(err, l.Close())
	}
	var exports nbd.Fixed
	for i, d := range disks {
		exports = append(exports, d.export(cmp.Or(c.Name, title(c.Files[i]))))
		at := url.URL{Scheme: "nbd", Host: reached(l), Path: "/" + exports[i].Name}
		if tls != nil {
			at.Scheme = "nbds"
		}
		v.ready(d, NBD, at.String())
	}
	server := nbd.Server{Exports: exports, TLS: tls, RequireTLS: tls != nil, Hooks: nbdHooks(v)}
	return server.Serve(ctx, l)
}

// export is the disk itself, not what is wrapped around it here: NBD sends pages
// of the files of a block.InFile.
func (d *Disk) export(name string) nbd.Export {
	return nbd.Export{
		Name: name, Description: fmt.Sprintf("%s, %s", d.Format, FormatSize(d.Size())),
		Device: d.Device, ReadOnly: d.Caps().ReadOnly,
	}
}

// nbdHooks tell of sessions.
func nbdHooks(v *voice) nbd.Hooks {
	var tallies sync.Map // *nbd.Session to *tally; as many as there are connections
	return nbd.Hooks{
		Refused: func(p *nbd.Peer, err error) { v.refused(p.Addr.String(), err) },
		Open: func(s *nbd.Session) {
			tallies.Store(s, newTally())
			v.began(s.Peer.Addr.String(), s.Export.Name)
		},
		Command: func(s *nbd.Session, command nbd.Command) {
			if t, ok := tallies.Load(s); ok {
				countNBD(t.(*tally), command)
				if command.Err != nil {
					v.trouble(s.Peer.Addr.String(), t.(*tally), command.Err)
				}
			}
		},
		Close: func(s *nbd.Session, err error) {
			if t, ok := tallies.LoadAndDelete(s); ok {
				v.over(s.Peer.Addr.String(), t.(*tally), err)
			}
		},
	}
}

func countNBD(t *tally, command nbd.Command) {
	t.commands.Add(1)
	switch {
	case command.Number != 0:
		t.failed.Add(1)
	case command.Name == "read":
		t.read.Add(int64(command.Length))
	case command.Name == "write":
		t.written.Add(int64(command.Length))
	}
}
