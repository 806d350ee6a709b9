package machinetargets

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/route"
)

// WaysKey is the same for targets that machines have the same ways to: those of the same files,
// whatever their texts say that every loader can be told. Rows may be thousands with a command
// line of each one's own, on a few files.
func (a *Assigned) WaysKey() string {
	t := a.Outlook()
	key := fmt.Sprintf("%q", a.Folders())
	for _, one := range append([]outlook.ForArch{{Payload: t.Payload}}, t.Others...) {
		key += fmt.Sprintf(" %q %t %q %q %s", one.Arch, one.Found, one.Payload.Kind(), filesKey(one.Payload.Files()), route.TextsKey(one.Payload))
	}
	return key
}

// filesKey says of files which they are, and what is said of them.
func filesKey(files []boot.File) (all []string) {
	for _, f := range files {
		all = append(all, f.Key(), fmt.Sprint(f.Told))
	}
	return all
}
