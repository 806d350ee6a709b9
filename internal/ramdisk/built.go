//go:build ramdisk

package ramdisk

import "embed"

// scripts/ramdisk builds them.
//
//go:embed *.efi *.bin
var programs embed.FS
