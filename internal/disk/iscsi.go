package disk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/iscsi"
)

// serveISCSI serves disks as LUNs of a target, from 0 on.
func (c *Config) serveISCSI(ctx context.Context, disks []*Disk, v *voice) error {
	auth, err := c.auth()
	if err != nil {
		return err
	}
	target := &iscsi.Target{Name: c.Name, Auth: auth, Allow: c.allow(), LUNs: map[uint64]*iscsi.LUN{}}
	for i, d := range disks {
		if err := c.wholeBlocks(d); err != nil {
			return err
		}
		id, err := c.identity(d, i)
		if err != nil {
			return err
		}
		if target.Name == "" {
			target.Name = uniqueIQN(title(c.Files[0]), id)
		}
		target.LUNs[uint64(i)] = &iscsi.LUN{
			Device: d.Device, BlockSize: c.BlockSize, ReadOnly: d.Caps().ReadOnly, Vendor: "Spur", Product: "disk", Serial: id.serial(),
		}
	}
	if err := target.Check(); err != nil {
		return err
	}
	l, err := c.listen(ctx)
	if err != nil {
		return err
	}
	if err := c.confine(disks, v); err != nil {
		return errors.Join(err, l.Close())
	}
	for i, d := range disks {
		at := url.URL{Scheme: "iscsi", Host: reached(l), Path: fmt.Sprintf("/%s/%d", target.Name, i)}
		v.ready(d, ISCSI, at.String())
	}
	server := iscsi.Server{Targets: only{target, cmp.Or(c.Name, iqn(title(c.Files[0])))}, Hooks: iscsiHooks(v)}
	return server.Serve(ctx, l)
}

// wholeBlocks refuses a disk that ends within a block: its last bytes could not
// be reached, and the copy of its partition table is there.
func (c *Config) wholeBlocks(d *Disk) error {
	if c.BlockSize == 0 || d.Size()%int64(c.BlockSize) == 0 {
		return nil
	}
	return advice.New(fmt.Sprintf("%s has %d bytes, which is no multiple of --block-size %d: its last %d bytes could not be reached", d.Files[0], d.Size(), c.BlockSize, d.Size()%int64(c.BlockSize)),
		"leave --block-size out; or make the disk longer, a raw file by truncate -s %4096 FILE, a qcow2 image by qemu-img resize")
}

// only is the only target of a server. It is found by a short name too, which a
// person can type who knows the file's; that others may have the same short name
// doesn't matter to who has found the server. Discovery tells the whole name.
type only struct {
	target *iscsi.Target
	short  string
}

// Target implements iscsi.Targets.
func (o only) Target(name string) *iscsi.Target {
	if name == o.short {
		return o.target
	}
	return iscsi.Static(o.target).Target(name)
}

// Names implements iscsi.Targets.
func (o only) Names(initiator string) []string { return iscsi.Static(o.target).Names(initiator) }

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

// longestTitle leaves room for an identity in the 223 bytes of a name (RFC 7143
// section 4.2.7.1).
const longestTitle = 160

// iqn makes a target's name of a file's. Only lower-case letters, digits,
// dashes, dots and colons are in such names (RFC 3722).
func iqn(file string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(file))
	return naming + name[:min(len(name), longestTitle)]
}

// uniqueIQN makes one that no other target has.
func uniqueIQN(file string, id identity) string { return iqn(file) + "." + id.brief() }

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
