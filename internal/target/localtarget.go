package target

import (
	"github.com/spurboot/spur/internal/boot"
)

// localTarget is the word for the machine's own disk in the place of a file.
const localTarget = "local"

// isLocal tells whether a target is the machine's own disk.
func (t Target) isLocal() bool { return t.Kernel == localTarget && t.As == "" }

// lookLocal takes a target for the machine's own disk.
func (t Target) lookLocal() (Inspected, error) {
	l := Inspected{Payload: boot.Payload{Content: boot.Local{}, RootPath: t.RootPath}, about: "what its firmware boots after the network"}
	return l, t.onlyItself("the machine's own disk, of which Spur loads nothing", "leave that out; for a file of this name write ./local")
}
