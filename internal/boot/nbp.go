package boot

// Bringer is content that brings the programs that machines start, and files that
// these ask for beside themselves by names of their own.
type Bringer interface {
	Content
	// Start is the program that a machine starts; ok is false where there is none.
	Start(Client) (p Program, ok bool)
	// File is what is served under a name; ok is false where that is for sure nothing.
	File(name string) (f File, ok bool)
}

// NBP is a flat program that a BIOS ROM loads and jumps to (PXE 2.1 section 4.4.5).
type NBP struct {
	Program File
	// Beside are served next to it by their base names: what it asks for under its
	// own name with the last path component cut.
	Beside []File
}

// Kind implements Content.
func (NBP) Kind() Kind { return KindNBP }

// Title implements Content.
func (n NBP) Title() string { return n.Program.Base() }

// Files implements Content.
func (n NBP) Files() []File { return append([]File{n.Program}, n.Beside...) }

// Size implements Content.
func (n NBP) Size() int {
	size := 0
	for _, f := range n.Files() {
		size += f.size()
	}
	return size
}

// Start implements Bringer.
func (n NBP) Start(c Client) (Program, bool) {
	return Program{Name: n.Program.Base(), Firmware: BIOS, Arch: X86}, c.Firmware == BIOS
}

// File implements Bringer.
func (n NBP) File(name string) (File, bool) {
	for _, f := range n.Files() {
		if f.Base() == name {
			return f, true
		}
	}
	return File{}, false
}
