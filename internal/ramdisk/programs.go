// Package ramdisk holds Spur's RAM-disk programs for UEFI (loader/ramdisk), where they were
// built before Spur was: make build does that where clang and lld are.
package ramdisk

import "io/fs"

// Programs are the programs, each by its name; none where Spur was built without them.
func Programs() fs.FS { return programs }
