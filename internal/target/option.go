package target

import (
	"errors"
	"regexp"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/inventory"
)

// option is what is said of a target besides its name, called by its key in a file of machines.
type option string

const (
	initrdsOption  option = "initrds"
	cmdlineOption  option = "cmdline"
	modulesOption  option = "modules"
	entryOption    option = "entry"
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

// wrong says of a row's target what is wrong with it, at the option that it is about, in words
// of the file.
func wrong(file *inventory.Inventory, row inventory.Target, err error) error {
	at := row.Place(inventory.BootKey, 0)
	if of := (*optionError)(nil); errors.As(err, &of) {
		at = row.Place(string(of.option), of.n)
	}
	return file.Error(at, advice.New(inKeys(err.Error()), inKeys(advice.Of(err))))
}

// flagsOfOptions are what the command line says options by.
var flagsOfOptions = regexp.MustCompile(`\bINITRD\b|--(as|cmdline|dtb|entry|message|module|root-path)\b`)

// inKeys calls options by the keys of a file in the place of flags, but in whole commands.
func inKeys(text string) string {
	if strings.Contains(text, "spur boot ") {
		return text
	}
	return flagsOfOptions.ReplaceAllStringFunc(text, func(flag string) string {
		for _, o := range []option{initrdsOption, modulesOption} {
			if flag == o.flag() {
				return string(o) + ":"
			}
		}
		return strings.TrimPrefix(flag, "--") + ":"
	})
}
