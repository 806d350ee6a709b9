package machinetargets

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/inventory"
	"github.com/spurboot/spur/internal/target"
)

// wrong says of a row's target what is wrong with it, at the option that it is about, in words
// of the file.
func wrong(file *inventory.Inventory, row inventory.Target, err error) error {
	key, n := target.OptionOf(err)
	at := row.Place(cmp.Or(key, inventory.BootKey), n)
	return file.Error(at, advice.New(inKeys(err.Error()), inKeys(advice.Of(err))))
}

// flagsOfOptions are what the command line says options by.
var flagsOfOptions = regexp.MustCompile(`\bINITRD\b|--(as|cmdline|dtb|entry|message|module|root-path|root)\b`)

// inKeys calls options by the keys of a file in the place of flags, but in whole commands.
func inKeys(text string) string {
	if strings.Contains(text, "spur boot ") {
		return text
	}
	return flagsOfOptions.ReplaceAllStringFunc(text, func(flag string) string {
		switch flag {
		case "INITRD":
			return "initrds:"
		case "--module":
			return "modules:"
		}
		return strings.TrimPrefix(flag, "--") + ":"
	})
}
