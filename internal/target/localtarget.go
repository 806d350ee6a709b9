package target

import (
	"os"
	"slices"

	"github.com/spurboot/spur/internal/advice"
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

// Name takes a kernel and its initrds from the command line. The machine's own disk beside
// them is meant for an item of a menu, unless a file has its name.
func (t *Target) Name(args []string) error {
	t.Kernel, t.Initrds = args[0], args[1:]
	if _, err := os.Stat(localTarget); err == nil || !slices.Contains(t.Initrds, localTarget) && (!t.isLocal() || len(args) == 1) {
		return nil
	}
	return advice.Misused(advice.New("local is the machine's own disk, which beside other targets is an item of a menu", "add --menu; for a file of this name write ./local"))
}
