package san

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/spurboot/spur/iscsi"
)

// A Target is what iSCSI initiators log in to.
type Target struct {
	// Name is worldwide unique (RFC 7143 section 4.2.7.1). Short is one by which the
	// target is found too: discovery doesn't tell it, a person can type it.
	Name, Short string
	// LUNs are its logical units, from 0 on.
	LUNs []Volume
	// BlockSize is the logical one, in bytes; 0 is 512.
	BlockSize int
	// Auth is how initiators prove themselves; nil: they needn't.
	Auth *iscsi.Auth
	// Initiators are the names that are let in; none is all.
	Initiators []string
}

// allow lets in the initiators that were named.
func (t *Target) allow(initiator string, _ net.Addr) error {
	if len(t.Initiators) == 0 || slices.Contains(t.Initiators, initiator) {
		return nil
	}
	return errors.New("no --initiator has its name")
}

// ServeISCSI serves targets until the context ends.
func ServeISCSI(ctx context.Context, l net.Listener, targets *Targets, log *Log) error {
	server := iscsi.Server{Targets: targets, Hooks: iscsiHooks(log)}
	return server.Serve(ctx, l)
}

// naming is what the names that we make begin with (RFC 7143 section 4.2.7.4).
const naming = "iqn.2026-11.io.github.spurboot:"

// longestTitle leaves room for an identity in the 223 bytes of a name (RFC 7143
// section 4.2.7.1).
const longestTitle = 160

// IQN makes a target's name of a file's. Only lower-case letters, digits,
// dashes, dots and colons are in such names (RFC 3722).
func IQN(file string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(file))
	return naming + name[:min(len(name), longestTitle)]
}

// iscsiHooks tell of sessions, but those that only ask which targets there are.
func iscsiHooks(log *Log) iscsi.Hooks {
	var sessions sync.Map // TSIH to *session; as many as there are sessions
	return iscsi.Hooks{
		LoginRefused: func(remote net.Addr, initiator, _ string, err error) {
			log.refused(strings.TrimSpace(remote.String()+" "+initiator), err.Error())
		},
		SessionStart: func(s iscsi.SessionInfo) {
			if s.Target != "" {
				sessions.Store(s.TSIH, log.session(s.Remote.String()+" "+s.Initiator).connected(""))
			}
		},
		Command: func(s *iscsi.SessionInfo, _ uint64, _, status byte, in, out int) {
			if found, ok := sessions.Load(s.TSIH); ok {
				found.(*session).count(int64(in), int64(out), status != 0)
			}
		},
		DeviceError: func(s *iscsi.SessionInfo, _ uint64, _ byte, err error) {
			if found, ok := sessions.Load(s.TSIH); ok {
				found.(*session).deviceError(err)
			}
		},
		SessionEnd: func(s iscsi.SessionInfo, err error) {
			if found, ok := sessions.LoadAndDelete(s.TSIH); ok {
				found.(*session).ended(err)
			}
		},
	}
}
