// Package ramdisk holds the programs of Spur's own that machines are given, its RAM-disk
// programs for UEFI (loader/ramdisk) and its starter of tagged images (loader/nbi), where
// they were built before Spur was: make build does that where clang and lld are.
package ramdisk

import "io/fs"

// Programs are the programs, each by its name; none where Spur was built without them.
func Programs() fs.FS { return programs }
