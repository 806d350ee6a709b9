package disk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/spurboot/spur/iscsi"
)

// serveISCSI serves disks as LUNs of a target, from 0 on.
func (c *Config) serveISCSI(ctx context.Context, disks []*Disk, v *voice) error {
	auth, err := c.auth()
	if err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		name = iqn(title(c.Files[0]))
	}
	target := &iscsi.Target{Name: name, Auth: auth, Allow: c.allow(), LUNs: map[uint64]*iscsi.LUN{}}
	for i, d := range disks {
		target.LUNs[uint64(i)] = &iscsi.LUN{
			Device: d.Device, BlockSize: c.BlockSize, ReadOnly: d.Caps().ReadOnly, Vendor: "Spur", Product: "disk",
		}
	}
	if err := target.Check(); err != nil {
		return err
	}
	l, err := c.listen(ctx)
	if err != nil {
		return err
	}
	for i, d := range disks {
		at := url.URL{Scheme: "iscsi", Host: reached(l), Path: fmt.Sprintf("/%s/%d", name, i)}
		v.ready(d, ISCSI, at.String())
	}
	server := iscsi.Server{Targets: iscsi.Static(target), Hooks: iscsiHooks(v)}
	return server.Serve(ctx, l)
}

// allow lets in the initiators that were named.
func (c *Config) allow() func(string, net.Addr) error {
	if len(c.Initiators) == 0 {
		return nil
	}
	return func(initiator string, _ net.Addr) error {
		if slices.Contains(c.Initiators, initiator) {
			return nil
		}
		return errors.New("no --initiator has its name")
	}
}

// naming is what the names that we make begin with (RFC 7143 section 4.2.7.4).
const naming = "iqn.2026-11.io.github.spurboot:"

// iqn makes a target's name of a file's. Only lower-case letters, digits,
// dashes, dots and colons are in such names (RFC 3722).
func iqn(file string) string {
	return naming + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(file))
}

// checkIQN refuses what is no name of targets or initiators.
func checkIQN(flag, name string) error {
	for _, kind := range []string{"iqn.", "eui.", "naa."} {
		if strings.HasPrefix(name, kind) {
			return nil
		}
	}
	return fmt.Errorf("%s %q is no iSCSI name, such as iqn.2026-11.com.example:disk1", flag, name)
}

// iscsiHooks tell of sessions.
func iscsiHooks(v *voice) iscsi.Hooks {
	var tallies sync.Map // TSIH to *tally; as many as there are sessions
	return iscsi.Hooks{
		LoginRefused: func(remote net.Addr, initiator, _ string, err error) {
			v.refused(strings.TrimSpace(remote.String()+" "+initiator), err)
		},
		SessionStart: func(s iscsi.SessionInfo) {
			tallies.Store(s.TSIH, newTally())
			if s.Target != "" {
				v.began(s.Remote.String()+" "+s.Initiator, "")
			}
		},
		Command: func(s *iscsi.SessionInfo, _ uint64, _, status byte, in, out int) {
			if t, ok := tallies.Load(s.TSIH); ok {
				countISCSI(t.(*tally), status, in, out)
			}
		},
		DeviceError: func(s *iscsi.SessionInfo, _ uint64, _ byte, err error) {
			if t, ok := tallies.Load(s.TSIH); ok {
				v.trouble(s.Remote.String()+" "+s.Initiator, t.(*tally), err)
			}
		},
		SessionEnd: func(s iscsi.SessionInfo, err error) {
			t, ok := tallies.LoadAndDelete(s.TSIH)
			if ok && s.Target != "" {
				v.over(s.Remote.String()+" "+s.Initiator, t.(*tally), err)
			}
		},
	}
}

// countISCSI counts a command. in and out are the initiator's: to it and from it.
func countISCSI(t *tally, status byte, in, out int) {
	t.commands.Add(1)
	t.read.Add(int64(in))
	t.written.Add(int64(out))
	if status != 0 {
		t.failed.Add(1)
	}
}
