package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/password"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/tree"
)

// isLocked tells whether a file wasn't sent for want of the right password.
func isLocked(err error) bool {
	var asks *tree.Unauthorized
	var often *password.Often
	return errors.As(err, &asks) || errors.As(err, &often)
}

// passwordRefused says that a password was wrong, or that none is looked at for a while,
// once until one is. A client that has given none gives one next. What exceeds a ration is
// counted: anybody can guess.
func (v *notices) passwordRefused(mac boot.MAC, peer netip.Addr, via route.Via, err error) {
	var often *password.Often
	if !errors.Is(err, password.ErrWrong) && (!errors.As(err, &often) || often.Again) {
		return
	}
	ok, left := v.passwords.take(time.Now())
	v.passwordsLeftOut(left)
	if ok {
		v.say(slog.LevelWarn, fmt.Sprintf("warning: %s at %s: %v", mac, peer.Unmap(), err),
			"sub", string(via), "mac", mac.String(), "step", "password", "peer", peer.Unmap().String(), "err", err.Error())
	}
}

// passwordsLeftOut says how many refused passwords were not told.
func (v *notices) passwordsLeftOut(count uint64) {
	if count > 0 {
		v.say(slog.LevelWarn, fmt.Sprintf("warning: %d more refused passwords were left out", count), "sub", "http", "step", "password", "count", count)
	}
}
