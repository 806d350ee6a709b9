package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/spurboot/spur/internal/route"
)

// Unauthorized is the error of a file for which there was no password, or not the right one.
type Unauthorized struct{ Err error }

// Error says what is wrong with it.
func (u *Unauthorized) Error() string { return u.Err.Error() }

// Unwrap is the reason.
func (u *Unauthorized) Unwrap() error { return u.Err }

// HTTPStatus is how HTTP says it.
func (u *Unauthorized) HTTPStatus() int { return http.StatusUnauthorized }

// Challenge has an HTTP client give a password (RFC 7617).
func (u *Unauthorized) Challenge() string { return `Basic realm="Spur's menu"` }

// ErrNoPassword is that of who has given none yet.
var ErrNoPassword = errors.New("it asks for a password")

// unlock tells what keeps who asks from a file of a boot. Of an item with a password only
// the script is given out, over HTTP; what that names has names that nobody else knows. The
// running system says that it is up without a password.
func (t *Tree) unlock(ctx context.Context, n Name, name string, a Asker) error {
	if t.Locked == nil || !t.Locked(n.Client) || name == route.BeaconFile {
		return nil
	}
	f, ok := n.Route.File(name)
	switch {
	case !ok || n.Route.Role != route.Script || f.Role != route.Script && f.Role != route.Extra || a.Via == route.TFTP:
		return fmt.Errorf("%s: %w (the item has a password, which only iPXE asks for, over HTTP)", name, fs.ErrPermission)
	case f.Role == route.Extra && name != route.XenConfig: // a program such as the shim, which anybody may have
		return nil
	case !a.HasPassword:
		return &Unauthorized{ErrNoPassword}
	}
	err := t.Unlock(ctx, n.Client, a)
	var says interface{ HTTPStatus() int }
	if err == nil || errors.As(err, &says) {
		return err
	}
	return &Unauthorized{err}
}
