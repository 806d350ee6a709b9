// Package route decides how a client gets a payload.
//
// Three tables, each of which reads from top to bottom, say what there is:
//
//   - Forms (forms.go): what a payload can be turned into while it is served.
//   - Loaders (loaders.go): the programs between firmware and payload, the files
//     that they are made of, and the forms that they bring.
//   - Entries (entries.go): which loader a client can be given, and over what.
//
// A route is a path through them: an entry that is for the client, its loader,
// and the first form of the payload that this loader brings. Routes (walk.go)
// follows every path and returns the ladder: all that could work, the best
// first, each with its reason, and what can't, with what is in the way. A route
// that failed on a machine is passed over the next time (Ladder.Pick), so that a
// second try is never the same try.
//
// A fourth table is beside the way: Shapes (shapes.go) has the forms in which a
// ROM can be offered whatever is at its beginning.
//
// A route declares the files of its boot (files.go); package tree opens no
// others.
//
// The package is pure: it opens nothing, and `spur explain` runs it without a
// machine. A new firmware, loader or payload is a row here and, at most, a
// renderer in package loader.
package route
