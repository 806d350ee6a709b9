// Package route decides how a client gets a payload.
//
// All routes stand in one table (table.go) that a person can read from top to
// bottom. Routes walks it for one client and one payload and returns the
// ladder: every way that could work, the best first, each with its reason,
// and the ways that can't, each with what is in the way. A route that failed
// on a machine is passed over the next time (Ladder.Pick), so a second try is
// never the same try.
//
// The package is pure: it opens nothing, and `spur explain` runs it without a
// machine. To teach Spur a new firmware or payload, add rows here and a
// renderer in package loader.
package route
