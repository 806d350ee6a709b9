package loader

import (
	"io"
	"regexp"
)

// versionMost is how much of a loader is searched for its version, in bytes.
const versionMost = 8 << 20

// longestVersion is more than what a version and its surroundings have, in bytes.
const longestVersion = 256

// ipxeVersion is what iPXE prints as its version, and has in its binaries as it
// is where they aren't compressed: 1.21.1+git-20220113.fbbdc3926-0ubuntu1,
// 1.0.0+ (9f1f).
var ipxeVersion = regexp.MustCompile(`\x00(\d+\.\d+\.\d+\+[-+.~0-9A-Za-z]{4,60}(?: \([0-9a-g]{4,40}\))?)\x00`)

// stubVersion is what systemd's stub says of itself in its section .sdmagic.
var stubVersion = regexp.MustCompile(`#### LoaderInfo: systemd-stub ([-+.~0-9A-Za-z]+) ####`)

// Version is what an iPXE or a stub of systemd's calls its version; empty where
// it doesn't show, as in builds of iPXE for a BIOS, which are compressed.
func Version(r io.ReaderAt) string {
	window := make([]byte, 64<<10)
	for at := int64(0); at < versionMost; at += int64(len(window)) - longestVersion {
		n, err := r.ReadAt(window, at)
		for _, pattern := range []*regexp.Regexp{ipxeVersion, stubVersion} {
			if found := pattern.FindSubmatch(window[:n]); found != nil {
				return string(found[1])
			}
		}
		if err != nil {
			break
		}
	}
	return ""
}
