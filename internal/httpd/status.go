package httpd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"time"
)

// statusError is a request that is wrong in itself.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string   { return e.text }
func (e *statusError) HTTPStatus() int { return e.status }

// statusOf is the answer to an error of opening a file.
func statusOf(err error) int {
	var says interface{ HTTPStatus() int }
	switch {
	case errors.As(err, &says):
		if status := says.HTTPStatus(); status >= 400 && status <= 599 {
			return status
		}
		return http.StatusBadGateway
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return http.StatusNotFound
	case errors.Is(err, fs.ErrPermission):
		return http.StatusForbidden
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

// refusal is the line that the client gets: people read it on the screen of a
// machine that didn't boot. The name goes quoted, so that it stays one line.
func refusal(status int, name string) string {
	name = strconv.QuoteToASCII(name)
	switch status {
	case http.StatusBadRequest:
		return fmt.Sprintf("spur: %s is not a file name", name)
	case http.StatusUnauthorized:
		return fmt.Sprintf("spur: %s asks for a password", name)
	case http.StatusForbidden:
		return fmt.Sprintf("spur: may not read %s; see the server's log", name)
	case http.StatusNotFound:
		return fmt.Sprintf("spur: there is no file %s", name)
	case http.StatusMethodNotAllowed:
		return fmt.Sprintf("spur: %s can only be read (GET, HEAD)", name)
	case http.StatusBadGateway:
		return fmt.Sprintf("spur: can't get %s from where it comes from; see the server's log", name)
	case http.StatusServiceUnavailable:
		return fmt.Sprintf("spur: %s can't be had now; try again", name)
	case http.StatusGatewayTimeout:
		return fmt.Sprintf("spur: %s didn't come in time from where it comes from; try again", name)
	}
	return fmt.Sprintf("spur: can't serve %s (%s); see the server's log", name, http.StatusText(status))
}

// lineFor is the refusal of a file, or what the error itself has the client told.
func lineFor(status int, name string, err error) string {
	var tells interface{ ClientText() string }
	if errors.As(err, &tells) {
		return "spur: " + tells.ClientText()
	}
	if len(name) > 200 {
		name = name[:200] + "..."
	}
	return refusal(status, name)
}

func refuse(w http.ResponseWriter, name string, err error) {
	status := statusOf(err)
	var asks interface{ Challenge() string }
	if errors.As(err, &asks) {
		w.Header().Set("WWW-Authenticate", asks.Challenge())
	}
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "GET, HEAD")
	}
	var later interface{ RetryAfter() time.Duration }
	if errors.As(err, &later) {
		w.Header().Set("Retry-After", strconv.FormatFloat(math.Ceil(later.RetryAfter().Seconds()), 'f', 0, 64))
	}
	http.Error(w, lineFor(status, name, err), status)
}
