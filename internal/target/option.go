package target

import "errors"

// option is what is said of a target besides its name, called by its key in a file of machines.
type option string

const (
	initrdsOption  option = "initrds"
	cmdlineOption  option = "cmdline"
	modulesOption  option = "modules"
	entryOption    option = "entry"
	rootOption     option = "root"
	asOption       option = "as"
	dtbOption      option = "dtb"
	messageOption  option = "message"
	rootPathOption option = "root-path"
)

// flag is what the command line calls an option.
func (o option) flag() string {
	switch o {
	case initrdsOption:
		return "INITRD"
	case modulesOption:
		return "--module"
	}
	return "--" + string(o)
}

// optionError is an error about an option of a target, and about its value number n.
type optionError struct {
	option option
	n      int
	error
}

// Unwrap is the error itself.
func (e *optionError) Unwrap() error { return e.error }

// about says which option of a target an error is about. A nil error stays nil.
func (o option) about(err error) error { return o.aboutNumber(0, err) }

func (o option) aboutNumber(n int, err error) error {
	if err == nil {
		return nil
	}
	return &optionError{o, n, err}
}

// OptionOf tells which option of a target an error is about, by its key in a file of
// machines, and which of its values, from 0; "" for the target itself.
func OptionOf(err error) (key string, n int) {
	var of *optionError
	if !errors.As(err, &of) {
		return "", 0
	}
	return string(of.option), of.n
}
