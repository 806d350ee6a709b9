package route

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// versionsMost bounds how many other versions of one build are rungs of a ladder.
const versionsMost = 2

// versions are the ways through an entry with other binaries of its build: older
// versions, or other people's. A route that asks for a shape of its own has none,
// since its build has another entry.
func (r Route) versions(e Entry, c boot.Client, p boot.Payload, host Host) []Route {
	if e.Medium == MediumChain {
		return nil
	}
	if e.Shim {
		return r.otherShims(c, p, host)
	}
	if e.Build == "" || e.Shape != "" {
		return nil
	}
	var others []Route
	all, _ := host.Loaders.candidates(r, c)
	for i, b := range all {
		if i == 0 || b.Sum == all[0].Sum || len(others) == versionsMost || host.unsigned(c, b.Identity.Signed()) || b.lacking() != "" {
			continue
		}
		other := r
		other.Binary = b.ID()
		other.Name += "@" + versionName(b, all[:i])
		other.Why = fmt.Sprintf("another %s, %s: for machines on which the first one fails", e.Build, b.Place())
		others = append(others, other)
	}
	return others
}

// otherShims are the ways through an entry with other shims: which of Microsoft's
// certificates a machine trusts shows by what it refuses.
func (r Route) otherShims(c boot.Client, p boot.Payload, host Host) []Route {
	chains, _ := host.chainsTo(p, r, c)
	var others []Route
	var shims []Binary
	for i, chain := range chains[:min(len(chains), versionsMost+1)] {
		if i > 0 && !host.unsigned(c, chain.Shim.Identity.Signed()) {
			other := r
			other.Binary = chain.Shim.ID()
			other.Name += "@" + versionName(chain.Shim, shims)
			other.Why = fmt.Sprintf("another shim, %s: for machines that refuse the first one", chain.Shim.Place())
			others = append(others, other)
		}
		shims = append(shims, chain.Shim)
	}
	return others
}

// versionName tells a binary from others of its build: by its version, where that
// is known and no other's.
func versionName(b Binary, others []Binary) string {
	version := b.Identity.Version
	for _, other := range others {
		if other.Identity.Version == version {
			version = ""
		}
	}
	if version == "" || len(version) > 40 || strings.ContainsFunc(version, unfit) {
		return fmt.Sprintf("%08x", b.ID())
	}
	return version
}

// unfit tells what has no place in a route's name.
func unfit(c rune) bool {
	return c <= ' ' || c > '~' || c == '@' || c == ',' || c == '"'
}
