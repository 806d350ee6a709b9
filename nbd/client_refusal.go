package nbd

import "fmt"

// refusedOption is an error reply to an option.
type refusedOption struct {
	option, kind uint32
	words        string
}

func (e *refusedOption) Error() string {
	what := fmt.Sprintf("error %#x", e.kind)
	switch e.kind {
	case repUnsupported:
		what = "not supported"
	case repPolicy:
		what = "not allowed"
	case repTLSRequired:
		what = "TLS is required: set Options.TLS"
	case repUnknown:
		what = "no such export"
	case repShutdown:
		what = "the server is shutting down"
	}
	if e.words != "" {
		what += ": " + e.words
	}
	return fmt.Sprintf("nbd option %d: %s", e.option, what)
}

func (e *refusedOption) Unwrap() error {
	switch e.kind {
	case repUnknown:
		return ErrUnknownExport
	case repPolicy, repTLSRequired:
		return ErrRefused
	}
	return nil
}
