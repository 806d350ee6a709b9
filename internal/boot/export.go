package boot

import "slices"

// Protocol is one by which a system mounts an image over the network that Spur exports.
type Protocol string

// The protocols.
const (
	NBD   Protocol = "nbd"
	ISCSI Protocol = "iscsi"
	NFS   Protocol = "nfs" // the files of the image
)

// Export is a word about where a system finds an image that Spur exports to it; the zero
// value is none.
type Export struct {
	Over Protocol
	Word ExportWord
	IPv4 bool // the system mounts it over IPv4 alone
}

// ExportWord says which word.
type ExportWord string

// The words.
const (
	ExportServer ExportWord = "SERVER" // Spur's address
	ExportPort   ExportWord = "PORT"
	ExportName   ExportWord = "EXPORT" // what the image is asked for by
)

// Exports are the protocols over which a payload's system mounts images of Spur's.
func (p Payload) Exports() []Protocol {
	var all []Protocol
	for _, f := range p.Files() {
		if over := f.Told.Over; over != "" && !slices.Contains(all, over) {
			all = append(all, over)
		}
	}
	return all
}
