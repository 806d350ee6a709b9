package target

import (
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// CheckWatch refuses targets of which nothing is decided by what a file has.
func (t Target) CheckWatch(l Inspected) error {
	var why string
	switch kind := l.Payload.Kind(); {
	case !t.Watch:
		return nil
	case l.Menu() != nil:
		why = "goes with one target, and not with a menu"
	case kind == boot.KindFolder || kind == boot.KindNetBoot:
		why = "has nothing to do: what is in a folder is served as it is at each boot"
	case kind == boot.KindDisk:
		why = "goes with kernels, programs and scripts, and not with disks"
	case slices.ContainsFunc(l.Files(), func(f boot.File) bool { return f.Inside != "" }):
		why = "goes with files, and not with those inside of an image"
	case !slices.ContainsFunc(l.Files(), func(f boot.File) bool { return !f.IsURL() }):
		why = "looks at files of this host, and there is none"
	default:
		return nil
	}
	return advice.Misused(advice.New("--watch "+why, "leave it out"))
}
