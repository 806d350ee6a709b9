package password

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// ErrWrong is that of a password that isn't the right one.
var ErrWrong error = wrong{}

type wrong struct{}

func (wrong) Error() string { return "the password is wrong" }

// ClientText is what who gave it is told.
func (w wrong) ClientText() string { return w.Error() }

// Often is the error of a password that wasn't looked at, right or wrong, since too many
// wrong ones came before it.
type Often struct {
	Wait  time.Duration // until one is looked at again
	Again bool          // it was said before, since the last one that was looked at
}

// Error says until when.
func (o *Often) Error() string {
	return fmt.Sprintf("too many wrong passwords, none is checked for %.0f s", math.Ceil(o.Wait.Seconds()))
}

// ClientText is what who gave it is told.
func (o *Often) ClientText() string { return o.Error() }

// HTTPStatus is how HTTP says it (RFC 6585 section 4).
func (o *Often) HTTPStatus() int { return http.StatusTooManyRequests }

// RetryAfter is when it is worth another try.
func (o *Often) RetryAfter() time.Duration { return o.Wait }
