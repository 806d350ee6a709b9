package boot

// KindLocal is the kind of Local.
const KindLocal Kind = "local"

// Local is the machine's own disk, or whatever else its firmware boots when it is done
// with the network. Nothing of it is served.
type Local struct{}

// Kind implements Content.
func (Local) Kind() Kind { return KindLocal }

// Title implements Content.
func (Local) Title() string { return "the local disk" }

// Files implements Content.
func (Local) Files() []File { return nil }

// Size implements Content.
func (Local) Size() int { return 0 }
