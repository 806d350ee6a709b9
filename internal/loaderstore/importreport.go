package loaderstore

import "github.com/spurboot/spur/internal/route"

// Report is what became of an import.
type Report struct {
	Taken []Taken
	// Left are files that were not taken and might have been meant, by how they begin
	// or by their names, at most LeftMost of them; Others is the number of all others.
	Left   []Left
	Others int
}

// Taken is a loader that is kept, and whether it is new.
type Taken struct {
	route.Binary
	From string
	New  bool
}

// Left is a file that was not taken, and why.
type Left struct {
	Name, Why string
}
