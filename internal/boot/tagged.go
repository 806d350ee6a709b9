package boot

// KindTagged is a tagged image, as Etherboot starts them (NBI).
const KindTagged Kind = "tagged"

// Tagged is a tagged image, which says itself where its segments go and where it is
// entered.
type Tagged struct {
	Image File
	// Bytes is how much memory it needs, in bytes; 0 where that is not known.
	Bytes int64
}

// Kind implements Content.
func (Tagged) Kind() Kind { return KindTagged }

// Title implements Content.
func (t Tagged) Title() string { return t.Image.Base() }

// Files implements Content.
func (t Tagged) Files() []File { return []File{t.Image} }

// Size implements Content.
func (t Tagged) Size() int { return t.Image.size() }
