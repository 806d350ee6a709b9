package boot

import (
	"path"
	"strings"
)

// DeviceTreeFor is the device tree that a board gets which asks for it by its name, or
// by a folder and its name. Distributions put them into folders of their makers, and a
// board names its maker or doesn't.
func (l Linux) DeviceTreeFor(name string) (File, bool) {
	if l.DeviceTree != (File{}) {
		return l.DeviceTree, true
	}
	name = path.Clean("/" + name)
	for _, end := range []string{name, "/" + path.Base(name)} {
		for _, f := range l.DeviceTrees {
			if strings.HasSuffix(f.path(), end) {
				return f, true
			}
		}
	}
	return File{}, false
}
