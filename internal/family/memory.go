package family

import "io/fs"

// memory is what a machine should have to boot one of a family. A system that mounts its
// medium over the network reads of it what it needs.
func (l look) memory(f Family, r Root) int64 {
	if r.Mounted() {
		return f.Memory.Plus << 20
	}
	sum := f.Memory.Plus<<20 + int64(f.Memory.ISO)*max(0, l.Size)
	for _, pattern := range f.Memory.Files {
		for _, name := range l.medium.Glob(pattern) {
			if info, err := fs.Stat(l.Files, name); err == nil {
				sum += info.Size()
			}
		}
	}
	return sum
}
