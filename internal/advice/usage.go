package advice

// UsageError is an error in what was asked for, whatever this host is like:
// words that can't be understood, or that don't go together.
type UsageError struct{ error }

// Unwrap is the error itself.
func (u UsageError) Unwrap() error { return u.error }

// Misused marks an error as one of usage. A nil error stays nil.
func Misused(err error) error {
	if err == nil {
		return nil
	}
	return UsageError{err}
}
