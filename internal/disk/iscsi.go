package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/spurboot/spur/internal/hint"
	"github.com/spurboot/spur/iscsi"
)

// serveISCSI serves a disk as LUN 0 of a target.
func (c *Config) serveISCSI(ctx context.Context, d *Disk, v *voice) error {
	auth, err := c.CHAP.auth()
	if err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		name = iqn(title(c.File))
	}
	target := &iscsi.Target{
		Name: name, Auth: auth,
		LUNs: map[uint64]*iscsi.LUN{0: {Device: d, ReadOnly: d.Caps().ReadOnly, Vendor: "Spur", Product: "disk"}},
	}
	if err := target.Check(); err != nil {
		return err
	}
	l, err := c.listen(ctx)
	if err != nil {
		return err
	}
	at := url.URL{Scheme: "iscsi", Host: l.Addr().String(), Path: "/" + name + "/0"}
	v.ready(d, ISCSI, at.String())
	server := iscsi.Server{Targets: iscsi.Static(target), Hooks: iscsiHooks(v)}
	return server.Serve(ctx, l)
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

// checkIQN refuses what initiators don't take for a name.
func checkIQN(name string) error {
	for _, kind := range []string{"iqn.", "eui.", "naa."} {
		if strings.HasPrefix(name, kind) {
			return nil
		}
	}
	return fmt.Errorf("--name %q is no iSCSI name, such as iqn.2026-11.com.example:disk1", name)
}

// CHAP is how initiators prove themselves.
type CHAP struct{ User, PasswordFile string }

func (c CHAP) check() error {
	if (c.User == "") != (c.PasswordFile == "") {
		return errors.New("--chap-user and --chap-password-file go together")
	}
	return nil
}

// shortestSecret is what RFC 7143 section 9.2.1 demands of secrets, in bytes,
// where the network isn't encrypted.
const shortestSecret = 12

// auth is nil without a user.
func (c CHAP) auth() (*iscsi.Auth, error) {
	if c.User == "" {
		return nil, nil //nolint:nilnil // a nil *iscsi.Auth asks for no proof
	}
	secret, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("--chap-password-file: %w", err)
	}
	secret = bytes.TrimRight(secret, "\r\n")
	if len(secret) < shortestSecret {
		return nil, hint.New(fmt.Sprintf("the password in %s has %s", c.PasswordFile, count(int64(len(secret)), "byte")),
			"CHAP takes at least 12; Windows takes 12 to 16")
	}
	return iscsi.Credentials{Name: c.User, Secret: string(secret)}.Static(), nil
}

// iscsiHooks tell of sessions.
func iscsiHooks(v *voice) iscsi.Hooks {
	var tallies sync.Map // TSIH to *tally; as many as there are sessions
	return iscsi.Hooks{
		LoginRefused: func(remote net.Addr, initiator, _ string, err error) {
			v.refused(strings.TrimSpace(remote.String()+" "+initiator), err)
		},
		SessionStart: func(s iscsi.SessionInfo) { tallies.Store(s.TSIH, newTally()) },
		Command: func(s *iscsi.SessionInfo, _ uint64, _, status byte, in, out int) {
			if t, ok := tallies.Load(s.TSIH); ok {
				countISCSI(t.(*tally), status, in, out)
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
