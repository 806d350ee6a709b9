package outlook

import (
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// identify says what a file is. It reads all of a program, whose signatures it checks.
func (o Outlook) identify(path string) (route.Identity, error) {
	if o.Identify == nil {
		return loader.IdentifyFile(path)
	}
	return o.Identify(path)
}

// LookingOnce is an outlook that looks into each file once, by its path, however many targets
// name it.
func (o Outlook) LookingOnce() Outlook {
	type identified struct {
		route.Identity
		error
	}
	known, look := map[string]identified{}, o.identify
	o.Identify = func(path string) (route.Identity, error) {
		is, ok := known[path]
		if !ok {
			is.Identity, is.error = look(path)
			known[path] = is
		}
		return is.Identity, is.error
	}
	return o
}
