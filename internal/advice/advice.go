// Package advice gives errors their second line: what to do.
//
// Every error that reaches a person is one line that says what is wrong and
// one that says what to do. Code that knows the remedy wraps the error here;
// the command line prints both.
package advice

import "errors"

type advised struct {
	error
	advice string
}

func (h advised) Unwrap() error { return h.error }

// Wrap adds advice to an error. The message stays what it was. A nil error
// stays nil.
func Wrap(err error, advice string) error {
	if err == nil {
		return nil
	}
	return advised{err, advice}
}

// Or adds advice to an error that has none. A nil error stays nil.
func Or(err error, advice string) error {
	if Of(err) != "" {
		return err
	}
	return Wrap(err, advice)
}

// New is an error with its advice.
func New(what, advice string) error { return advised{errors.New(what), advice} }

// Of returns the advice that comes with an error, the outermost first, or "".
func Of(err error) string {
	var h advised
	if errors.As(err, &h) {
		return h.advice
	}
	return ""
}
