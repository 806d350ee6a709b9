//go:build !ramdisk

package ramdisk

import "embed"

var programs embed.FS
