package target

import (
	"fmt"
	"os"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/size"
)

// room is what a kernel takes of a machine's memory with the initrds that were named.
func (l *Inspected) room(kernel boot.Room) boot.Room {
	for _, e := range l.initrds {
		kernel = kernel.With(e)
	}
	return kernel
}

// bytesOf is how large files are together; 0 where one is a URL.
func bytesOf(files []boot.File) (sum int64) {
	for _, f := range files {
		info, err := os.Stat(f.Source)
		if f.IsURL() || err != nil {
			return 0
		}
		sum += info.Size()
	}
	return sum
}

// tellMemory says how much memory the payload needs, and what is too large for any.
func (l *Inspected) tellMemory() {
	if n := route.NeedsMost(l.Payload); n >= route.NeedsTold {
		l.about += fmt.Sprintf("; needs about %s of memory", size.About(n))
	}
	if why := route.BeyondMemory(l.Payload); why != "" {
		l.Warnings = append(l.Warnings, why)
	}
}
